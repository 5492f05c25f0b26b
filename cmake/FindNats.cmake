# nats.c as the target Nats::nats. Debian's libnats-dev has the shared library alone, and the package
# file that comes with it stops because the static one is missing.
find_path(NATS_INCLUDE_DIR nats/nats.h)
find_library(NATS_LIBRARY nats)
if(NATS_INCLUDE_DIR)
  file(STRINGS ${NATS_INCLUDE_DIR}/nats/version.h line REGEX "NATS_VERSION_STRING")
  string(REGEX REPLACE ".*\"([0-9.]+).*" "\\1" NATS_VERSION "${line}")
endif()
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Nats REQUIRED_VARS NATS_LIBRARY NATS_INCLUDE_DIR
                                  VERSION_VAR NATS_VERSION)
if(Nats_FOUND AND NOT TARGET Nats::nats)
  add_library(Nats::nats UNKNOWN IMPORTED)
  set_target_properties(Nats::nats PROPERTIES IMPORTED_LOCATION ${NATS_LIBRARY}
                        INTERFACE_INCLUDE_DIRECTORIES ${NATS_INCLUDE_DIR})
endif()
