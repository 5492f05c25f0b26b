# Writes the source that holds sockjs-client.
# Run: cmake -DSCRIPT=<sockjs.min.js> -DOUTPUT=<sockjs_client.cc> -P embed_client.cmake
include(${CMAKE_CURRENT_LIST_DIR}/../../cmake/EmbedBytes.cmake)
bytes_of(${SCRIPT} characters)
file(WRITE ${OUTPUT} "#include \"edge/sockjs/sockjs_client.h\"

namespace sluice::edge {
namespace {

constexpr char kScript[] = {
${characters}};

}  // namespace

std::string_view SockJsClientScript() { return {kScript, sizeof kScript}; }

}  // namespace sluice::edge
")
