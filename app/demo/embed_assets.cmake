# Writes the source that holds the files of the page.
# Run: cmake -DFOLDER=<page> -DFILES=<a,b,...> -DOUTPUT=<page_assets.cc> -P embed_assets.cmake
string(REPLACE "," ";" files "${FILES}")
set(arrays "")
set(rows "")
set(number 0)
foreach(file IN LISTS files)
  file(READ ${FOLDER}/${file} hex HEX)
  string(REGEX REPLACE "(..)" "'\\\\x\\1'," characters "${hex}")
  string(REGEX REPLACE "(.......................................................................,)"
         "\\1\n" characters "${characters}")
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
