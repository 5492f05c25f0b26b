#pragma once

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// Returns from the calling function with the status of `expression` unless it is OK.
#define SLUICE_RETURN_IF_ERROR(expression)                                                    \
  do {                                                                                        \
    if (absl::Status sluice_status = (expression); !sluice_status.ok()) return sluice_status; \
  } while (false)

// Declares or assigns `target` from a StatusOr, or returns its status.
#define SLUICE_ASSIGN_OR_RETURN(target, expression) \
  SLUICE_ASSIGN_OR_RETURN_IMPL(SLUICE_CONCAT(sluice_status_or_, __LINE__), target, expression)
// NOLINTBEGIN(bugprone-macro-parentheses): a declaration cannot stand in parentheses.
#define SLUICE_ASSIGN_OR_RETURN_IMPL(result, target, expression) \
  auto result = (expression);                                    \
  if (!result.ok()) return std::move(result).status();           \
  target = *std::move(result)
// NOLINTEND(bugprone-macro-parentheses)
#define SLUICE_CONCAT(a, b) SLUICE_CONCAT_IMPL(a, b)
#define SLUICE_CONCAT_IMPL(a, b) a##b
