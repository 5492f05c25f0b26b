# The gRPC floor and load client.
