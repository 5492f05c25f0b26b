import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;

/**
 * A way to the server that can be cut: every connection at once, without a word, and new ones until
 * it is mended. A client that polls may be between two requests, and would not notice less.
 */
final class Link implements AutoCloseable {
  private final ServerSocket listener = new ServerSocket(0, 64, InetAddress.getLoopbackAddress());
  private final List<Socket> open = new ArrayList<>();
  private final int target;
  private boolean isCut = false;

  Link(int target) throws IOException {
    this.target = target;
    start(this::accept);
  }

  int port() {
    return listener.getLocalPort();
  }

  void cut() throws IOException {
    synchronized (open) {
      isCut = true;
      for (Socket socket : open) {
        socket.close();
      }
      open.clear();
    }
  }

  void mend() {
    synchronized (open) {
      isCut = false;
    }
  }

  @Override
  public void close() throws IOException {
    listener.close();
    cut();
  }

  private void accept() throws IOException {
    while (true) {
      Socket client = listener.accept();
      Socket server = new Socket(InetAddress.getLoopbackAddress(), target);
      synchronized (open) {
        if (isCut) {
          client.close();
          server.close();
          continue;
        }
        open.add(client);
        open.add(server);
      }
      start(() -> copy(client, server));
      start(() -> copy(server, client));
    }
  }

  private static void copy(Socket from, Socket to) throws IOException {
    try (from; to) {
      InputStream in = from.getInputStream();
      OutputStream out = to.getOutputStream();
      in.transferTo(out);
    }
  }

  private interface Work {
    void run() throws IOException;
  }

  private static void start(Work work) {
    Thread thread = new Thread(() -> {
      try {
        work.run();
      } catch (IOException ended) {
        // one of both has gone, or the link was cut
      }
    });
    thread.setDaemon(true);
    thread.start();
  }
}
