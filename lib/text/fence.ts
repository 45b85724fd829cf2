/**
 * Keeps a library from changing how the process dies. Emscripten's start-up code, which sentencepiece-js
 * contains, adds `uncaughtException` and `unhandledRejection` handlers that rethrow: with them a service that
 * only logs a rejection exits with code 7. They are recognised by the asynchronous context they are added in,
 * so a handler that somebody else adds in the meantime stays.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import process from 'node:process';

const fatalEvents: readonly (string | symbol)[] = ['uncaughtException', 'unhandledRejection'];

type Listener = (...args: unknown[]) => void;

/** Runs `work` and takes away each process-wide handler that it adds, as soon as it is added. */
export async function fenceProcessHandlers<T>(work: () => Promise<T>): Promise<T> {
  const inside = new AsyncLocalStorage<true>();
  const onNewListener = (event: string | symbol, listener: Listener) => {
    if (inside.getStore() !== true || !fatalEvents.includes(event)) return;
    // The event comes before the listener is in the list; a microtask is the first moment after it.
    queueMicrotask(() => process.removeListener(event, listener));
  };
  process.on('newListener', onNewListener);
  try {
    return await inside.run(true, work);
  } finally {
    process.removeListener('newListener', onNewListener);
    inside.disable();
  }
}
