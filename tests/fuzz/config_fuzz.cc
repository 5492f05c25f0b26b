// Whatever a configuration file holds, it is read or its errors have a place.
#include "core/config_file.h"

#include "core/check.h"
#include "tests/fuzz/fuzz_target.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const sluice::ConfigFile file =
      sluice::ParseConfigFile(sluice::AsText(data, size), "sluice.toml");
  for (const sluice::ConfigError& error : file.errors) {
    SLUICE_CHECK(error.ToString().starts_with("sluice.toml"));
  }
  for (const sluice::FileEntry& entry : file.entries) SLUICE_CHECK(entry.line > 0);
  return 0;
}
