package com.example.store;

import java.util.List;
import java.util.concurrent.*;
import static java.util.Objects.requireNonNull;
import static org.junit.Assert.*;

/**
 * Keeps things. class InDoc {}
 */
@SuppressWarnings({"unchecked", "class A {}"})
@Deprecated
public abstract class Store<K extends Comparable<K>, V>
    extends Base<V>
    implements Iterable<V>, AutoCloseable {

  public static final int LIMIT = 10;
  private final static String[] NAMES = {
    "a",
    "b",
  };
  protected int size = 0;

  static {
    register();
  }

  // void commentedOut() {}
  /** Makes one. */
  @Inject
  protected Store(@Named("x") final int size) throws Exception {
    this.size = size;
  }

  @Override
  public <T extends V> List<? super T> find(
      final K key, // what
      @Nullable Class<T>... types)
      throws NotFound, Broken {
    if (key == null || types.length == 0 && size > LIMIT) {
      return null;
    }
    for (Class<T> t : types) {
      while (t != null) break;
    }
    try {
      switch (size) {
        case 1:
          return one();
        case 2:
        default:
          break;
      }
    } catch (RuntimeException e) {
      return size > 0 ? many() : null;
    }
    Runnable r = () -> { run(); };
    return new Finder<T>() {
      @Override
      public void visit(T t) {
        found(t);
      }
    }.go();
  }

  abstract void close();

  enum Color implements Named {
    RED("r"),
    GREEN("g") {
      @Override String label() { return "void fake() {}"; }
    };

    private final String code;

    Color(String code) { this.code = code; }

    String label() { return code; }
  }

  interface Visitor<T> {
    int DEPTH = 3;
    void visit(T t);
    default boolean done() { return false; }
  }

  @interface Named {
    String value() default "";
  }

  record Point(int x, int y) {
    Point {
      requireNonNull(x);
    }
    double norm() {
      return switch (x) {
        case 0 -> y;
        case 1, 2 -> x;
        default -> Math.hypot(x, y);
      };
    }
  }

  static String text() {
    return """
        class InTextBlock {

          void m() {}
        }
        """;
  }
}
