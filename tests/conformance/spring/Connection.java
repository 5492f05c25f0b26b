import static java.util.concurrent.TimeUnit.SECONDS;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import org.springframework.messaging.converter.MessageConverter;
import org.springframework.messaging.converter.StringMessageConverter;
import org.springframework.messaging.simp.stomp.ConnectionLostException;
import org.springframework.messaging.simp.stomp.StompCommand;
import org.springframework.messaging.simp.stomp.StompFrameHandler;
import org.springframework.messaging.simp.stomp.StompHeaders;
import org.springframework.messaging.simp.stomp.StompSession;
import org.springframework.messaging.simp.stomp.StompSessionHandlerAdapter;
import org.springframework.scheduling.concurrent.ThreadPoolTaskScheduler;
import org.springframework.web.socket.WebSocketHttpHeaders;
import org.springframework.web.socket.messaging.WebSocketStompClient;

/** A session of Spring's STOMP client; what came, in order. */
final class Connection extends StompSessionHandlerAdapter implements AutoCloseable {
  enum Kind { CONNECTED, MESSAGE, ERROR, TRANSPORT_ERROR, EXCEPTION }

  /** `body`: of an error its class and words. */
  record Heard(Kind kind, StompHeaders headers, Object body) {
    String header(String name) {
      return headers.getFirst(name);
    }
  }

  private final BlockingQueue<Heard> heard = new LinkedBlockingQueue<>();
  private final ThreadPoolTaskScheduler scheduler = new ThreadPoolTaskScheduler();
  private final WebSocketStompClient client;
  private final Class<?> payloadType;
  private StompSession session;
  final Tap tap;

  Connection(Transport transport) {
    this(transport, new StringMessageConverter(), String.class);
  }

  Connection(Transport transport, MessageConverter converter, Class<?> payloadType) {
    this.payloadType = payloadType;
    tap = new Tap(transport.client());
    client = new WebSocketStompClient(tap);
    scheduler.setDaemon(true);
    scheduler.initialize();
    client.setTaskScheduler(scheduler);  // which is also what asks for heart-beats
    client.setMessageConverter(converter);
    client.setInboundMessageSizeLimit(Transport.LARGEST_MESSAGE_BYTES);
  }

  /** From then on a frame that is larger goes as several messages. */
  Connection split(int bytes) {
    client.setOutboundMessageSizeLimit(bytes);
    return this;
  }

  /** Without waiting: `next` has what came of it. */
  void connect(String url, List<String> subprotocols, StompHeaders headers) {
    var handshake = new WebSocketHttpHeaders();
    if (!subprotocols.isEmpty()) {
      handshake.setSecWebSocketProtocol(subprotocols);
    }
    client.connectAsync(url, handshake, headers, this);
  }

  Heard next() throws InterruptedException {
    Heard next = heard.poll(Sluice.PATIENCE.toSeconds(), SECONDS);
    if (next == null) {
      throw new AssertionError("nothing came");
    }
    return next;
  }

  Heard next(Kind kind) throws InterruptedException {
    Heard next = next();
    if (next.kind != kind) {
      throw new AssertionError(next + " instead of " + kind);
    }
    return next;
  }

  /** Until the client says that the connection is gone; it may first say what went wrong below. */
  void lost() throws InterruptedException {
    while (!(next(Kind.TRANSPORT_ERROR).body instanceof ConnectionLostException)) {
      // the cause comes first
    }
  }

  boolean isSilent() {
    return heard.isEmpty();
  }

  List<Heard> next(Kind kind, int count) throws InterruptedException {
    List<Heard> all = new ArrayList<>();
    while (all.size() < count) {
      all.add(next(kind));
    }
    return all;
  }

  /** Until the server has it. `headers` in pairs. */
  StompSession.Subscription subscribe(String destination, String... headers) throws Exception {
    var subscription = subscribeUnanswered(destination, headers);
    awaitReceipt(subscription);
    return subscription;
  }

  StompSession.Subscription subscribeUnanswered(String destination, String... headers) {
    return session.subscribe(headersOf(destination, headers), new StompFrameHandler() {
      @Override
      public Type getPayloadType(StompHeaders headers) {
        return payloadType;
      }

      @Override
      public void handleFrame(StompHeaders headers, Object payload) {
        put(Kind.MESSAGE, headers, payload);
      }
    });
  }

  /** Until it is stored. */
  void send(String destination, Object body, String... headers) throws Exception {
    awaitReceipt(session.send(headersOf(destination, headers), body));
  }

  void unsubscribe(StompSession.Subscription subscription) throws Exception {
    awaitReceipt(subscription.unsubscribe(new StompHeaders()));
  }

  /** Apart from what is heard: over XHR the call may return after its RECEIPT and what followed. */
  private static void awaitReceipt(StompSession.Receiptable frame) throws Exception {
    var receipt = new CompletableFuture<StompHeaders>();
    frame.addReceiptTask((StompHeaders headers) -> receipt.complete(headers));
    assertEquals(frame.getReceiptId(),
        receipt.get(Sluice.PATIENCE.toSeconds(), SECONDS).getReceiptId());
  }

  void disconnect() {
    session.disconnect();
  }

  boolean isConnected() {
    return session.isConnected();
  }

  @Override
  public String toString() {
    return heard.toString();
  }

  @Override
  public void close() {
    if (session != null && session.isConnected()) {
      session.disconnect();
    }
    scheduler.shutdown();
  }

  private static StompHeaders headersOf(String destination, String... pairs) {
    var headers = new StompHeaders();
    headers.setDestination(destination);
    for (int i = 0; i < pairs.length; i += 2) {
      headers.add(pairs[i], pairs[i + 1]);
    }
    return headers;
  }

  private void put(Kind kind, StompHeaders headers, Object body) {
    heard.add(new Heard(kind, headers, body));
  }

  @Override
  public void afterConnected(StompSession connected, StompHeaders headers) {
    session = connected;
    session.setAutoReceipt(true);
    put(Kind.CONNECTED, headers, null);
  }

  @Override
  public void handleFrame(StompHeaders headers, Object payload) {
    put(Kind.ERROR, headers, payload);
  }

  @Override
  public void handleTransportError(StompSession session, Throwable error) {
    put(Kind.TRANSPORT_ERROR, new StompHeaders(), error);
  }

  @Override
  public void handleException(StompSession session, StompCommand command, StompHeaders headers,
      byte[] payload, Throwable error) {
    put(Kind.EXCEPTION, headers, error);
  }
}
