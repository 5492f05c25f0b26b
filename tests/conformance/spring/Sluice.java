import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/** `sluice serve` on free ports of loopback, and the program's commands that publish and sign. */
final class Sluice implements AutoCloseable {
  static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final String PROGRAM = System.getProperty("sluice", "build/release/sluice");
  private static final Pattern EVENT_ID = Pattern.compile("\"event_id\":\\s*\"([^\"]+)\"");
  private static final Pattern SAMPLE = Pattern.compile("(\\w+)\\{([^}]*)\\} (\\S+)");

  private final HttpClient http = HttpClient.newHttpClient();
  private final int grpcPort = freePort();
  private final int adminPort = freePort();
  private final Path folder;
  private final Path log;
  private final Process process;
  final int port = freePort();

  Sluice(String configuration) throws Exception {
    folder = Files.createTempDirectory("sluice-spring-");
    log = folder.resolve("log");
    Path toml = Files.writeString(folder.resolve("sluice.toml"), configuration);
    process = new ProcessBuilder(PROGRAM, "serve", "--config", toml.toString(),
        "--http-listen", "127.0.0.1:" + port, "--grpc-listen", "127.0.0.1:" + grpcPort,
        "--admin-listen", "127.0.0.1:" + adminPort)
        .redirectErrorStream(true).redirectOutput(log.toFile()).start();
    Runtime.getRuntime().addShutdownHook(new Thread(process::destroyForcibly));
    await("readiness", () -> {
      if (!process.isAlive()) {
        throw new AssertionError("it ended: " + Files.readString(log));
      }
      return statusOf("/readyz") == 200;
    });
  }

  /** Below the range from which clients take theirs. */
  private static int freePort() {
    while (true) {
      int port = ThreadLocalRandom.current().nextInt(15_000, 32_000);
      try (ServerSocket probe = new ServerSocket()) {
        probe.bind(new InetSocketAddress("127.0.0.1", port));
        return port;
      } catch (IOException taken) {
        // another, then
      }
    }
  }

  /** Through gRPC; the id of the event. `target`: user or topic. */
  String publish(String target, String name, String type, String data) throws Exception {
    List<String> words = new ArrayList<>(List.of("publish", "--server", "127.0.0.1:" + grpcPort,
        "--" + target, name));
    if (!type.isEmpty()) {
      words.addAll(List.of("--type", type));
    }
    words.add(data);
    var answer = run("", words);
    var id = EVENT_ID.matcher(answer);
    if (!id.find()) {
      throw new AssertionError("no id in " + answer);
    }
    return id.group(1);
  }

  static String token(String secret, String... words) throws Exception {
    List<String> all = new ArrayList<>(List.of("token"));
    all.addAll(List.of(words));
    return run(secret, all).strip();
  }

  private static String run(String secret, List<String> words) throws Exception {
    List<String> command = new ArrayList<>(List.of(PROGRAM));
    command.addAll(words);
    var builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("SLUICE_AUTH_SECRET", secret);
    Process process = builder.start();
    String said = new String(process.getInputStream().readAllBytes(), UTF_8);
    if (process.waitFor() != 0) {
      throw new AssertionError(words.get(0) + ": " + said);
    }
    return said;
  }

  /** The sum of the samples of that name with all these labels (`name="value"`). */
  double metric(String name, String... labels) throws Exception {
    double sum = 0;
    var samples = SAMPLE.matcher(get("/metrics").body());
    while (samples.find()) {
      List<String> found = List.of(samples.group(2).split(","));
      if (samples.group(1).equals(name) && found.containsAll(List.of(labels))) {
        sum += Double.parseDouble(samples.group(3));
      }
    }
    return sum;
  }

  private int statusOf(String path) throws InterruptedException {
    try {
      return get(path).statusCode();
    } catch (IOException nobodyListens) {
      return 0;
    }
  }

  private java.net.http.HttpResponse<String> get(String path) throws IOException, InterruptedException {
    URI uri = URI.create("http://127.0.0.1:" + adminPort + path);
    return http.send(HttpRequest.newBuilder(uri).timeout(PATIENCE).build(), BodyHandlers.ofString());
  }

  /** Polls what cannot be awaited otherwise. */
  static void await(String what, Callable<Boolean> condition) throws Exception {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (!condition.call()) {
      if (System.nanoTime() > deadline) {
        throw new AssertionError("not within " + PATIENCE + ": " + what);
      }
      Thread.sleep(20);
    }
  }

  @Override
  public void close() throws Exception {
    process.destroy();
    if (!process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
      process.destroyForcibly();
      throw new AssertionError("it did not stop: " + Files.readString(log));
    }
    try (var files = Files.list(folder)) {
      for (Path file : files.toList()) {
        Files.delete(file);
      }
    }
    Files.delete(folder);
  }
}
