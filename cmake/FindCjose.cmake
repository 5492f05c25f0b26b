# libcjose as the target Cjose::cjose; Debian's libcjose-dev comes without a package file for CMake.
find_path(CJOSE_INCLUDE_DIR cjose/cjose.h)
find_library(CJOSE_LIBRARY cjose)
if(CJOSE_INCLUDE_DIR)
  file(STRINGS ${CJOSE_INCLUDE_DIR}/cjose/version.h line REGEX "define CJOSE_VERSION ")
  string(REGEX REPLACE ".*\"([0-9.]+).*" "\\1" CJOSE_VERSION "${line}")
endif()
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Cjose REQUIRED_VARS CJOSE_LIBRARY CJOSE_INCLUDE_DIR
                                  VERSION_VAR CJOSE_VERSION)
if(Cjose_FOUND AND NOT TARGET Cjose::cjose)
  add_library(Cjose::cjose UNKNOWN IMPORTED)
  set_target_properties(Cjose::cjose PROPERTIES IMPORTED_LOCATION ${CJOSE_LIBRARY}
                        INTERFACE_INCLUDE_DIRECTORIES ${CJOSE_INCLUDE_DIR})
endif()
