// Whatever a key set holds, what is made of it is a few keys, each with algorithms of its type.
#include <string>

#include "core/check.h"
#include "edge/auth/key_set.h"
#include "tests/fuzz/fuzz_target.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sluice::edge;  // NOLINT(google-build-using-namespace)
  const std::string_view text = sluice::AsText(data, size);
  const absl::StatusOr<KeySet> keys = KeySet::FromJwks(text);
  if (keys.ok()) {
    SLUICE_CHECK(keys->size() > 0 && keys->size() <= KeySet::kMaxKeys);
    for (size_t i = 0; i < sluice::kSignatureAlgorithms; ++i) {
      const auto algorithm = static_cast<sluice::SignatureAlgorithm>(i);
      for (const VerificationKey* key : keys->Candidates("", algorithm)) {
        SLUICE_CHECK(key->Allows(algorithm));
        // A signature of the wrong form is wrong, whatever the key.
        SLUICE_CHECK(!key->Verifies(
            {.text = "e30.e30.AA", .signing_input = "e30.e30", .signature = "\0"}, algorithm));
      }
    }
  }
  (void)VerificationKey::FromPem(text);
  return 0;
}
