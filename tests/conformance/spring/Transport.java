import jakarta.websocket.ContainerProvider;
import java.net.http.HttpClient;
import java.util.List;
import org.springframework.http.client.JdkClientHttpRequestFactory;
import org.springframework.web.client.RestClient;
import org.springframework.web.socket.client.WebSocketClient;
import org.springframework.web.socket.client.standard.StandardWebSocketClient;
import org.springframework.web.socket.sockjs.client.AbstractXhrTransport;
import org.springframework.web.socket.sockjs.client.RestClientXhrTransport;
import org.springframework.web.socket.sockjs.client.RestTemplateXhrTransport;
import org.springframework.web.socket.sockjs.client.SockJsClient;
import org.springframework.web.socket.sockjs.client.WebSocketTransport;

/** What Spring's STOMP client goes over. */
enum Transport {
  /** Tomcat's WebSocket. */
  WEBSOCKET("ws", "/v1/ws") {
    @Override
    WebSocketClient client() {
      return webSocket();
    }
  },
  SOCKJS_WEBSOCKET("http", "/v1/sockjs") {
    @Override
    WebSocketClient client() {
      return new SockJsClient(List.of(new WebSocketTransport(webSocket())));
    }
  },
  /** HttpURLConnection of the JDK. */
  SOCKJS_XHR_STREAMING("http", "/v1/sockjs") {
    @Override
    WebSocketClient client() {
      return new SockJsClient(List.of(new RestTemplateXhrTransport()));
    }
  },
  SOCKJS_XHR("http", "/v1/sockjs") {
    @Override
    WebSocketClient client() {
      return polling(new RestTemplateXhrTransport());
    }
  },
  /** HttpClient of the JDK, which offers HTTP/2 with every request. */
  SOCKJS_XHR_STREAMING_JDK("http", "/v1/sockjs") {
    @Override
    WebSocketClient client() {
      var factory = new JdkClientHttpRequestFactory(HttpClient.newHttpClient());
      RestClient rest = RestClient.builder().requestFactory(factory).build();
      return new SockJsClient(List.of(new RestClientXhrTransport(rest)));
    }
  };

  /** Messages are whole in the client, and Tomcat takes 8 KiB unless it is told. */
  static final int LARGEST_MESSAGE_BYTES = 1 << 20;

  private final String scheme;
  private final String path;

  Transport(String scheme, String path) {
    this.scheme = scheme;
    this.path = path;
  }

  abstract WebSocketClient client();

  String url(int port) {
    return scheme + "://127.0.0.1:" + port + path;
  }

  /** What Spring's client offers only if it is told. SockJS carries STOMP and nothing else. */
  List<String> subprotocols() {
    return this == WEBSOCKET ? List.of("v12.stomp") : List.of();
  }

  private static WebSocketClient webSocket() {
    var container = ContainerProvider.getWebSocketContainer();
    container.setDefaultMaxTextMessageBufferSize(2 * LARGEST_MESSAGE_BYTES);
    return new StandardWebSocketClient(container);
  }

  private static WebSocketClient polling(AbstractXhrTransport transport) {
    transport.setXhrStreamingDisabled(true);
    return new SockJsClient(List.of(transport));
  }
}
