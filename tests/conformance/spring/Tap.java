import java.io.IOException;
import java.net.URI;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.springframework.web.socket.WebSocketHandler;
import org.springframework.web.socket.WebSocketHttpHeaders;
import org.springframework.web.socket.WebSocketMessage;
import org.springframework.web.socket.WebSocketSession;
import org.springframework.web.socket.client.WebSocketClient;
import org.springframework.web.socket.handler.WebSocketHandlerDecorator;
import org.springframework.web.socket.handler.WebSocketSessionDecorator;
import org.springframework.web.util.UriComponentsBuilder;

/** Sees what Spring's STOMP client hides: the messages of WebSocket or SockJS, heart-beats among them. */
final class Tap implements WebSocketClient {
  private static final String BEAT = "\n";

  private final WebSocketClient client;
  final CountDownLatch beatsOfServer = new CountDownLatch(3);
  final CountDownLatch beatsOfClient = new CountDownLatch(3);
  /** Without beats. */
  final AtomicInteger sent = new AtomicInteger();

  Tap(WebSocketClient client) {
    this.client = client;
  }

  @Override
  public CompletableFuture<WebSocketSession> execute(WebSocketHandler handler, String template,
      Object... variables) {
    URI uri = UriComponentsBuilder.fromUriString(template).buildAndExpand(variables).encode().toUri();
    return execute(handler, null, uri);
  }

  @Override
  public CompletableFuture<WebSocketSession> execute(WebSocketHandler handler,
      WebSocketHttpHeaders headers, URI uri) {
    return client.execute(new TappedHandler(handler), headers, uri);
  }

  private final class TappedHandler extends WebSocketHandlerDecorator {
    TappedHandler(WebSocketHandler handler) {
      super(handler);
    }

    @Override
    public void afterConnectionEstablished(WebSocketSession session) throws Exception {
      super.afterConnectionEstablished(new TappedSession(session));
    }

    @Override
    public void handleMessage(WebSocketSession session, WebSocketMessage<?> message) throws Exception {
      if (BEAT.equals(message.getPayload())) {
        beatsOfServer.countDown();
      }
      super.handleMessage(session, message);
    }
  }

  private final class TappedSession extends WebSocketSessionDecorator {
    TappedSession(WebSocketSession session) {
      super(session);
    }

    @Override
    public void sendMessage(WebSocketMessage<?> message) throws IOException {
      super.sendMessage(message);
      if (BEAT.equals(message.getPayload())) {
        beatsOfClient.countDown();
      } else {
        sent.incrementAndGet();
      }
    }
  }
}
