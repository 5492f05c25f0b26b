import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.springframework.messaging.converter.JacksonJsonMessageConverter;
import org.springframework.messaging.simp.stomp.ConnectionLostException;
import org.springframework.messaging.simp.stomp.StompHeaders;

/** Spring's WebSocketStompClient against `sluice serve`, over each transport. */
@Timeout(180)
final class SpringClientTest {
  private static final String SECRET = "a secret of at least thirty-two octets";
  /** Beats are those that CONNECT asks for, none that silence brings about. */
  private static final String CONFIGURATION = """
      edge.heartbeat_interval = "10m"
      gateway.max_event_bytes = "1MiB"
      edge.max_message_bytes = "1MiB"
      [[edge.routes]]
      destination = "chat.sendMessage"
      to = "topic:chat"
      """;

  private static Sluice open;
  private static Sluice keyed;
  private final List<AutoCloseable> opened = new ArrayList<>();

  @BeforeAll
  static void serve() throws Exception {
    open = new Sluice(CONFIGURATION);
    keyed = new Sluice(CONFIGURATION + "[auth]\nsecret = \"" + SECRET + "\"\n");
  }

  @AfterAll
  static void stop() throws Exception {
    open.close();
    keyed.close();
  }

  @AfterEach
  void closeAll() throws Exception {
    for (AutoCloseable one : opened) {
      one.close();
    }
  }

  private <T extends AutoCloseable> T closing(T one) {
    opened.add(0, one);
    return one;
  }

  private Connection connected(Transport transport, String user) throws Exception {
    return connected(transport, open.port, user, closing(new Connection(transport)));
  }

  private static Connection connected(Transport transport, int port, String user, Connection connection)
      throws Exception {
    connection.connect(transport.url(port) + "?user=" + user, transport.subprotocols(), new StompHeaders());
    connection.next(Connection.Kind.CONNECTED);
    return connection;
  }

  private Connection withToken(Transport transport, String... grants) throws Exception {
    var headers = new StompHeaders();
    headers.add("Authorization", "Bearer " + Sluice.token(SECRET, grants));
    Connection connection = closing(new Connection(transport));
    connection.connect(transport.url(keyed.port), transport.subprotocols(), headers);
    return connection;
  }

  /** A name of this test's own: the servers are shared. */
  private static String name(String base, Transport transport) {
    return base + "-" + transport.name().toLowerCase();
  }

  @ParameterizedTest
  @EnumSource
  void connectsWithATokenAndHearsWhatABackendPublishes(Transport transport) throws Exception {
    String alice = name("alice", transport);
    String topic = name("a:b", transport);
    Connection connection = withToken(transport, "--user", alice, "--topic", "a:b*");
    Connection.Heard connected = connection.next(Connection.Kind.CONNECTED);
    assertEquals("1.2", connected.header("version"));
    assertEquals(alice, connected.header("user-name"));
    assertEquals("10000,10000", connected.header("heart-beat"));
    connection.subscribe("/topic/" + topic);
    connection.subscribe("/user/queue/order-update");
    String first = keyed.publish("topic", topic, "n:ote", "grüße 😀\nund mehr");
    keyed.publish("user", alice, "other", "not of this type");
    keyed.publish("user", name("bob", transport), "order-update", "not hers");
    String second = keyed.publish("user", alice, "order-update", "{\"orderId\":7}");
    Connection.Heard news = connection.next(Connection.Kind.MESSAGE);
    assertEquals(List.of(first, "/topic/" + topic, "n:ote", "grüße 😀\nund mehr"),
        List.of(news.headers().getMessageId(), news.headers().getDestination(), news.header("type"),
            news.body()));
    Connection.Heard order = connection.next(Connection.Kind.MESSAGE);
    assertEquals(List.of(second, "/user/queue/order-update", "{\"orderId\":7}"),
        List.of(order.headers().getMessageId(), order.headers().getDestination(), order.body()));
  }

  @ParameterizedTest
  @EnumSource
  void aRefusedTokenIsAnError(Transport transport) throws Exception {
    var headers = new StompHeaders();
    headers.add("Authorization", "Bearer none");
    Connection connection = closing(new Connection(transport));
    connection.connect(transport.url(keyed.port), transport.subprotocols(), headers);
    Connection.Heard error = connection.next(Connection.Kind.ERROR);
    assertEquals("the token is no JWT in compact form", error.header("message"));
    Connection.Heard lost = connection.next(Connection.Kind.TRANSPORT_ERROR);
    assertInstanceOf(ConnectionLostException.class, lost.body());
  }

  @ParameterizedTest
  @EnumSource
  void whatItSendsIsStoredAndHeard(Transport transport) throws Exception {
    Connection connection = connected(transport, "alice");
    String destination = "/topic/" + name("sent", transport);
    connection.subscribe(destination);
    for (String body : List.of("one", "zwölf Boxkämpfer 😀 \u2028\u0000\n", "")) {
      connection.send(destination, body, "type", "li:ne");
      Connection.Heard message = connection.next(Connection.Kind.MESSAGE);
      assertEquals("li:ne", message.header("type"));
      assertEquals(body, message.body() == null ? "" : message.body());
    }
  }

  @ParameterizedTest
  @EnumSource
  void aLargeMessageComesWholeAndInOrder(Transport transport) throws Exception {
    Connection connection = connected(transport, "alice");
    String destination = "/topic/" + name("large", transport);
    connection.subscribe(destination);
    String body = "grüße 😀 ".repeat(15_000);
    int before = connection.tap.sent.get();
    connection.send(destination, body);
    assertEquals(1, connection.tap.sent.get() - before);
    assertEquals(body, connection.next(Connection.Kind.MESSAGE).body());
    connection.send(destination, "behind it");
    assertEquals("behind it", connection.next(Connection.Kind.MESSAGE).body());
  }

  /**
   * Spring cuts between octets and decodes each part by itself, so a character that lies across a
   * cut is lost before it is sent: here none does.
   */
  @ParameterizedTest
  @EnumSource
  void aSplitFrameIsOneMessage(Transport transport) throws Exception {
    Connection connection = connected(transport, open.port, "alice",
        closing(new Connection(transport).split(16 * 1024)));
    String destination = "/topic/" + name("split", transport);
    connection.subscribe(destination);
    String body = "grüße 😀 " + "x".repeat(100_000);
    int before = connection.tap.sent.get();
    connection.send(destination, body);
    assertEquals(7, connection.tap.sent.get() - before);
    assertEquals(body, connection.next(Connection.Kind.MESSAGE).body());
  }

  @ParameterizedTest
  @EnumSource
  void objectsGoAsJson(Transport transport) throws Exception {
    Connection connection = connected(transport, open.port, "alice",
        closing(new Connection(transport, new JacksonJsonMessageConverter(), Map.class)));
    connection.subscribe("/topic/chat");
    connection.send("/app/chat.sendMessage", Map.of("text", "grüße"));
    Map<?, ?> said = (Map<?, ?>) connection.next(Connection.Kind.MESSAGE).body();
    assertEquals("alice", said.get("sender"));
    assertEquals(Map.of("text", "grüße"), said.get("data"));
  }

  @ParameterizedTest
  @EnumSource
  void resumesBehindWhatItHasSeenWhenTheLinkWasCut(Transport transport) throws Exception {
    Link link = closing(new Link(open.port));
    String topic = name("resumed", transport);
    Connection connection = connected(transport, link.port(), "alice", closing(new Connection(transport)));
    connection.subscribe("/topic/" + topic);
    String first = open.publish("topic", topic, "", "0");
    assertEquals(first, connection.next(Connection.Kind.MESSAGE).headers().getMessageId());
    link.cut();
    connection.lost();
    link.mend();
    List<String> missed = new ArrayList<>();
    for (int i = 1; i < 4; ++i) {
      missed.add(open.publish("topic", topic, "", String.valueOf(i)));
    }
    Connection again = connected(transport, link.port(), "alice", closing(new Connection(transport)));
    again.subscribe("/topic/" + topic, "last-event-id", first);
    missed.add(open.publish("topic", topic, "", "live"));
    assertEquals(missed, again.next(Connection.Kind.MESSAGE, missed.size()).stream()
        .map(message -> message.headers().getMessageId()).toList());
    again.subscribe("/user/queue", "last-event-id", "0-1");
    assertEquals("gap", again.next(Connection.Kind.MESSAGE).header("type"));
  }

  @ParameterizedTest
  @EnumSource
  void aTopicThatIsNotGrantedIsAnError(Transport transport) throws Exception {
    Connection connection = withToken(transport, "--user", "alice", "--topic", "news");
    connection.next(Connection.Kind.CONNECTED);
    connection.subscribe("/topic/news");
    String receipt = connection.subscribeUnanswered("/topic/secret").getReceiptId();
    Connection.Heard error = connection.next(Connection.Kind.ERROR);
    assertEquals(List.of("the destination is not granted", receipt),
        List.of(error.header("message"), error.headers().getReceiptId()));
    Connection.Heard lost = connection.next(Connection.Kind.TRANSPORT_ERROR);
    assertInstanceOf(ConnectionLostException.class, lost.body());
    assertFalse(connection.isConnected());
  }

  @ParameterizedTest
  @EnumSource
  void disconnectsAndConnectsAgain(Transport transport) throws Exception {
    String[] ofClient = {"protocol=\"stomp\"", "reason=\"client\""};
    String topic = name("again", transport);
    for (int round = 0; round < 2; ++round) {
      double before = open.metric("sluice_edge_sessions_closed_total", ofClient);
      Connection connection = connected(transport, "alice");
      var subscription = connection.subscribe("/topic/" + topic);
      String id = open.publish("topic", topic, "", "here");
      assertEquals(id, connection.next(Connection.Kind.MESSAGE).headers().getMessageId());
      connection.unsubscribe(subscription);
      open.publish("topic", topic, "", "unheard");
      connection.disconnect();
      Sluice.await("the end of the session",
          () -> open.metric("sluice_edge_sessions_closed_total", ofClient) == before + 1);
      assertTrue(connection.isSilent(), connection::toString);
    }
  }

  @Test
  void withoutASubprotocolThereIsOnePathThatIsStompAlone() throws Exception {
    String origin = "ws://127.0.0.1:" + open.port;
    Connection connection = closing(new Connection(Transport.WEBSOCKET));
    connection.connect(origin + "/v1/sockjs/websocket?user=alice", List.of(), new StompHeaders());
    assertEquals("1.2", connection.next(Connection.Kind.CONNECTED).header("version"));
    Connection refused = closing(new Connection(Transport.WEBSOCKET));
    refused.connect(origin + "/v1/ws?user=alice", List.of(), new StompHeaders());
    refused.lost();
  }

  /** All at once: it takes half a minute. */
  @ParameterizedTest
  @EnumSource
  @Execution(ExecutionMode.CONCURRENT)
  void bothSidesBeat(Transport transport) throws Exception {
    String user = name("beating", transport);
    Connection connection = connected(transport, user);
    connection.subscribe("/user/queue");
    long seconds = Sluice.PATIENCE.toSeconds();
    assertTrue(connection.tap.beatsOfServer.await(seconds, TimeUnit.SECONDS), "the server's");
    assertTrue(connection.tap.beatsOfClient.await(seconds, TimeUnit.SECONDS), "the client's");
    open.publish("user", user, "", "still here");
    assertEquals("still here", connection.next(Connection.Kind.MESSAGE).body());
  }
}
