#include "app/version.h"

namespace sluice::app {

std::string_view VersionNumber() { return SLUICE_VERSION; }
std::string_view VersionCommit() { return SLUICE_COMMIT; }

}  // namespace sluice::app
