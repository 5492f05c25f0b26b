#include "core/config_file.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <memory>
#include <optional>
#include <utility>

#include <toml++/toml.h>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace sluice {
namespace {

constexpr int kMaxDepth = 4;

std::string Origin(const std::string& path, const toml::source_position& position) {
  return absl::StrCat(path, ":", position.line);
}

// The text of a value that a setting may have; nullopt for tables, floats, dates and so on.
std::optional<std::string> ScalarText(const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return std::to_string(number->get());
  if (const auto* boolean = node.as_boolean()) return boolean->get() ? "true" : "false";
  return std::nullopt;
}

std::optional<std::string> ValueText(const toml::node& node) {
  const auto* array = node.as_array();
  if (array == nullptr) return ScalarText(node);
  std::vector<std::string> texts;
  for (const toml::node& element : *array) {
    std::optional<std::string> text = ScalarText(element);
    if (!text) return std::nullopt;
    texts.push_back(*std::move(text));
  }
  return absl::StrJoin(texts, ",");
}

// Adds what `table` holds, sub-tables included, under `prefix` (empty or ending in a dot); those of
// the i-th of several tables with one name under `name[i].`, from 0. Settings
// have one level of sections; `depth` ends the recursion over dotted keys, which toml++ does not.
void Flatten(const toml::table& table, const std::string& prefix, const std::string& path,
             int depth, ConfigFile* file) {
  for (const auto& [name, node] : table) {
    const std::string key =
        prefix + absl::CHexEscape(absl::string_view(name.str().data(), name.str().size()));
    const auto* section = node.as_table();
    const auto* list = node.as_array();
    if (section != nullptr && depth < kMaxDepth) {
      Flatten(*section, key + '.', path, depth + 1, file);
    } else if (list != nullptr && list->is_array_of_tables() && depth < kMaxDepth) {
      for (size_t i = 0; i < list->size(); ++i) {
        Flatten(*(*list)[i].as_table(), absl::StrCat(key, "[", i, "]."), path, depth + 1, file);
      }
    } else if (std::optional<std::string> text = ValueText(node)) {
      file->entries.push_back({key, *std::move(text), static_cast<int>(name.source().begin.line)});
    } else {
      file->errors.push_back({Origin(path, name.source().begin), key,
                              "must be a string, a whole number, true, false or a list of them"});
    }
  }
}

}  // namespace

std::string ConfigError::ToString() const {
  std::string text;
  for (const std::string* part : {&origin, &key, &message}) {
    if (!part->empty()) absl::StrAppend(&text, text.empty() ? "" : ": ", *part);
  }
  return text;
}

ConfigFile ParseConfigFile(std::string_view text, const std::string& path) {
  ConfigFile file;
  if (text.size() > kMaxConfigFileBytes) {
    file.errors.push_back({path, "", "is larger than 32 KiB"});
    return file;
  }
  try {
    Flatten(toml::parse(text), "", path, 0, &file);
  } catch (const toml::parse_error& error) {
    file.errors.push_back({Origin(path, error.source().begin), "",
                           absl::CHexEscape(absl::string_view(error.description().data(),
                                                              error.description().size()))});
  } catch (const std::exception& error) {
    file.errors.push_back({path, "", error.what()});
  }
  std::stable_sort(file.entries.begin(), file.entries.end(),
                   [](const FileEntry& a, const FileEntry& b) { return a.line < b.line; });
  return file;
}

ConfigFile ReadConfigFile(const std::string& path) {
  const auto failed = [&path](std::string message) {
    return ConfigFile{.entries = {}, .errors = {{path, "", std::move(message)}}};
  };
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "re"),
                                                             &std::fclose);
  if (!file) return failed(absl::StrCat("cannot be read: ", std::strerror(errno)));
  std::string text(kMaxConfigFileBytes + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file.get()));
  if (std::ferror(file.get())) {
    return failed(absl::StrCat("cannot be read: ", std::strerror(errno)));
  }
  return ParseConfigFile(text, path);
}

}  // namespace sluice
