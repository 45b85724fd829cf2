/**
 * One listener per AbortSignal, however many generations share it. Node warns about a leak when an AbortSignal gets an
 * eleventh listener, and a service that ends all its work with one signal has many more generations than that.
 */
type Callback = (reason: unknown) => void;

interface Subscribers {
  callbacks: Set<Callback>;
  listener: () => void;
}

const subscribers = new WeakMap<AbortSignal, Subscribers>();

/**
 * Calls back once when the signal is aborted; at once where it already is.
 * @returns what ends the subscription; calling it twice is fine
 */
export function onAbort(signal: AbortSignal, callback: Callback): () => void {
  if (signal.aborted) {
    callback(signal.reason);
    return () => {};
  }
  const entry = subscribers.get(signal) ?? listen(signal);
  entry.callbacks.add(callback);
  return () => {
    entry.callbacks.delete(callback);
    if (entry.callbacks.size > 0 || subscribers.get(signal) !== entry) return;
    subscribers.delete(signal);
    signal.removeEventListener('abort', entry.listener);
  };
}

function listen(signal: AbortSignal): Subscribers {
  const callbacks = new Set<Callback>();
  const listener = () => {
    subscribers.delete(signal);
    // A copy, because a callback may end other subscriptions.
    for (const callback of [...callbacks]) if (callbacks.has(callback)) callback(signal.reason);
  };
  const entry = { callbacks, listener };
  subscribers.set(signal, entry);
  signal.addEventListener('abort', listener, { once: true });
  return entry;
}
