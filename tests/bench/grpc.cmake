# The empty gRPC handler (the floor of the gateway's bench) and the load client for any server of
# sluice.v1.Gateway. docs/adr/0002-grpc-completion-queues.md and `./dev bench` use them.
foreach(name grpc_floor_server grpc_load)
  add_executable(${name} ${name}.cc)
  target_link_libraries(${name} PRIVATE sluice::proto CLI11::CLI11 sluice_options)
endforeach()
target_link_libraries(grpc_floor_server PRIVATE sluice::core)
add_executable(grpc_gateway_server grpc_gateway_server.cc)
target_link_libraries(grpc_gateway_server PRIVATE sluice::gateway CLI11::CLI11 sluice_options)
