# Writes the source that holds the files of the page.
# Run: cmake -DFOLDER=<page> -DFILES=<a,b,...> -DOUTPUT=<page_assets.cc> -P embed_assets.cmake
include(${CMAKE_CURRENT_LIST_DIR}/../../cmake/EmbedBytes.cmake)
string(REPLACE "," ";" files "${FILES}")
set(arrays "")
set(rows "")
set(number 0)
foreach(file IN LISTS files)
  bytes_of(${FOLDER}/${file} characters)
  string(APPEND arrays "constexpr char kFile${number}[] = {\n${characters}};\n")
  string(APPEND rows "    {\"${file}\", {kFile${number}, sizeof(kFile${number})}},\n")
  math(EXPR number "${number} + 1")
endforeach()
file(WRITE ${OUTPUT} "#include \"app/demo/page_assets.h\"

namespace sluice::demo {
namespace {

${arrays}
constexpr PageAsset kAssets[] = {
${rows}};

}  // namespace

std::span<const PageAsset> PageAssets() { return kAssets; }

}  // namespace sluice::demo
")
