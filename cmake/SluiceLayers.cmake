# The layers and who may know whom. A folder is a layer and a target `sluice::<folder>`;
# configuring stops when a target asks for a layer that its row does not list.

set(SLUICE_LAYER_proto "")
set(SLUICE_LAYER_core "")
set(SLUICE_LAYER_ingest core)
set(SLUICE_LAYER_gateway proto core ingest)
set(SLUICE_LAYER_edge core ingest)
set(SLUICE_LAYER_app proto core ingest gateway edge)

# sluice_library(NAME <layer> SOURCES ... HEADERS ... DEPS ... [PCH ...])
# A sub-folder that is a library of its own names its layer: NAME <folder> LAYER <layer>.
# DEPS are layers (bare names, checked against the table) or CMake targets of libraries.
function(sluice_library)
  cmake_parse_arguments(ARG "" "NAME;LAYER" "SOURCES;HEADERS;DEPS;PCH" ${ARGN})
  if(NOT ARG_LAYER)
    set(ARG_LAYER ${ARG_NAME})
  endif()
  if(NOT DEFINED SLUICE_LAYER_${ARG_LAYER})
    message(FATAL_ERROR "layer '${ARG_LAYER}' is not in the table of cmake/SluiceLayers.cmake")
  endif()

  set(links "")
  foreach(dep IN LISTS ARG_DEPS)
    if(DEFINED SLUICE_LAYER_${dep})
      if(NOT dep IN_LIST SLUICE_LAYER_${ARG_LAYER})
        message(FATAL_ERROR "layer '${ARG_LAYER}' may not depend on layer '${dep}' "
                            "(cmake/SluiceLayers.cmake)")
      endif()
      list(APPEND links sluice::${dep})
    else()
      list(APPEND links ${dep})
    endif()
  endforeach()

  add_library(sluice_${ARG_NAME} STATIC ${ARG_SOURCES})
  add_library(sluice::${ARG_NAME} ALIAS sluice_${ARG_NAME})
  target_sources(sluice_${ARG_NAME} PUBLIC
    FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR} FILES ${ARG_HEADERS})
  set_target_properties(sluice_${ARG_NAME} PROPERTIES VERIFY_INTERFACE_HEADER_SETS ON)
  target_include_directories(sluice_${ARG_NAME} PUBLIC ${PROJECT_SOURCE_DIR})
  target_link_libraries(sluice_${ARG_NAME} PUBLIC ${links} PRIVATE sluice_options)
  if(ARG_PCH)
    target_precompile_headers(sluice_${ARG_NAME} PRIVATE ${ARG_PCH})
  endif()
endfunction()
