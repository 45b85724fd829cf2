/** Requests to a hub. Redirects, the token, statuses and broken connections each have their own error code. */
import { GgmaError } from '../errors.ts';
import { type JsonObject, parseJsonObject } from '../json.ts';
import { version } from '../version.ts';
import { defaultRetryPolicy, type RetryPolicy, retryAfter, TemporaryFailure, withRetries } from './retry.ts';

export const defaultEndpoint = 'https://huggingface.co';

export interface HubOptions {
  /** Default: {@link defaultEndpoint}. */
  endpoint?: string | undefined;
  /** Sent to the endpoint's origin only. */
  token?: string | undefined;
  signal?: AbortSignal | undefined;
  /** Told before a request is tried again, with the pause in milliseconds. */
  onPause?: ((reason: string, pause: number) => void) | undefined;
  retry?: RetryPolicy | undefined;
  /** Milliseconds without a byte after which a connection counts as broken. */
  stallTime?: number | undefined;
}

const MAX_REDIRECTS = 5;
const MAX_JSON_BYTES = 32 * 2 ** 20;

export class Hub {
  readonly signal: AbortSignal | undefined;
  readonly stallTime: number;
  readonly #base: URL;
  readonly #token: string | undefined;
  readonly #options: HubOptions;

  /** @throws GgmaError IMPORT_ENDPOINT */
  constructor(options: HubOptions = {}) {
    this.#options = options;
    this.#base = parseEndpoint(options.endpoint ?? defaultEndpoint);
    this.#token = options.token;
    this.signal = options.signal;
    this.stallTime = options.stallTime ?? 60_000;
    if (this.#token !== undefined && !/^[\x21-\x7e]+$/.test(this.#token))
      throw new GgmaError('IMPORT_TOKEN', 'expected printable characters for the token, got others');
    if (this.#token !== undefined && this.#base.protocol === 'http:' && !isLoopback(this.#base))
      throw new GgmaError(
        'IMPORT_ENDPOINT',
        'expected https for the endpoint that a token is sent to, got http',
        {
          path: this.#base.href,
        },
      );
  }

  /** Runs `work` until it succeeds or the failures in a row are too many. */
  retrying<T>(work: () => Promise<T>): Promise<T> {
    const { retry: policy = defaultRetryPolicy, onPause } = this.#options;
    return withRetries({ policy, signal: this.signal, onPause }, work);
  }

  /** @throws GgmaError IMPORT_*; the signal's reason */
  json(path: string): Promise<JsonObject> {
    return this.retrying(async () => {
      const response = await this.get(path);
      const chunks: Uint8Array[] = [];
      let size = 0;
      for await (const chunk of this.body(response)) {
        size += chunk.length;
        if (size > MAX_JSON_BYTES)
          throw new GgmaError(
            'IMPORT_LISTING',
            `expected at most ${MAX_JSON_BYTES} bytes of JSON, got more`,
            {
              path: response.url,
            },
          );
        chunks.push(chunk);
      }
      try {
        return parseJsonObject(Buffer.concat(chunks), response.url);
      } catch (cause) {
        const reason = cause instanceof Error ? cause.message : String(cause);
        throw new GgmaError('IMPORT_LISTING', reason, { path: response.url, cause });
      }
    });
  }

  /**
   * One attempt. Follows redirects itself: the token stays with the hub, and https stays https.
   * @returns a response with status 200, 206 or 416
   * @throws TemporaryFailure, GgmaError; the signal's reason
   */
  async get(path: string, headers: Record<string, string> = {}): Promise<Response> {
    let url = new URL(this.#base.href.replace(/\/$/, '') + path);
    for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
      const response = await this.#send(url, headers);
      const target = response.headers.get('location');
      if (response.status < 300 || response.status > 399 || target === null)
        return this.#check(response, url);
      await response.body?.cancel();
      const next = URL.canParse(target, url.href) ? new URL(target, url.href) : null;
      const isFit = next?.protocol === 'https:' || (next?.protocol === 'http:' && url.protocol === 'http:');
      if (next === null || !isFit)
        throw new GgmaError(
          'IMPORT_REDIRECT',
          `expected a redirect to https, got ${JSON.stringify(target)}`,
          {
            path: withoutQuery(url),
          },
        );
      url = next;
    }
    throw new GgmaError('IMPORT_REDIRECT', `expected at most ${MAX_REDIRECTS} redirects, got more`, {
      path: withoutQuery(url),
    });
  }

  /** The body's chunks. @throws TemporaryFailure when the connection breaks or stalls */
  async *body(response: Response): AsyncGenerator<Uint8Array> {
    if (response.body === null) return;
    const reader = response.body.getReader();
    const path = withoutQuery(new URL(response.url));
    try {
      for (;;) {
        const { done, value } = await this.#unlessStalled(reader.read(), path);
        if (done) return;
        yield value;
      }
    } catch (error) {
      this.signal?.throwIfAborted();
      throw error instanceof TemporaryFailure ? error : networkFailure(error, path);
    } finally {
      // A reader that leaves early must not keep the connection open.
      reader.cancel().catch(() => {});
    }
  }

  async #send(url: URL, headers: Record<string, string>): Promise<Response> {
    const own: Record<string, string> = {
      'user-agent': `ggma/${version}`,
      // Compressed on the way, a file would have another length, and no ranges.
      'accept-encoding': 'identity',
      ...headers,
    };
    if (this.#token !== undefined && url.origin === this.#base.origin)
      own.authorization = `Bearer ${this.#token}`;
    const path = withoutQuery(url);
    try {
      const request = fetch(url, {
        headers: own,
        redirect: 'manual',
        ...(this.signal === undefined ? {} : { signal: this.signal }),
      });
      return await this.#unlessStalled(request, path);
    } catch (error) {
      this.signal?.throwIfAborted();
      throw error instanceof TemporaryFailure ? error : networkFailure(error, path);
    }
  }

  async #check(response: Response, url: URL): Promise<Response> {
    const { status } = response;
    if (status === 200 || status === 206 || status === 416) return response;
    await response.body?.cancel();
    const path = withoutQuery(url);
    if (status === 401 || status === 403)
      throw new GgmaError(
        'IMPORT_DENIED',
        `expected leave to read, got status ${status}: the repository is private, gated or not there; ${this.#token === undefined ? 'set HF_TOKEN' : 'the token does not open it'}`,
        { path },
      );
    if (status === 404)
      throw new GgmaError(
        'IMPORT_NOT_FOUND',
        'expected a repository, revision and file, got status 404: check how OWNER/NAME and --revision are spelled',
        { path },
      );
    const isBusy = status === 429;
    const error = new GgmaError(
      isBusy ? 'IMPORT_BUSY' : 'IMPORT_SERVER',
      `expected status 200, got ${status}${isBusy ? ': too many requests' : ''}`,
      { path },
    );
    if (isBusy || status === 408 || status >= 500)
      throw new TemporaryFailure(error, { pause: retryAfter(response.headers.get('retry-after')) });
    throw error;
  }

  async #unlessStalled<T>(promise: Promise<T>, path: string): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const stall = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        const message = `expected data, got none for ${this.stallTime / 1000} seconds`;
        reject(new TemporaryFailure(new GgmaError('IMPORT_NETWORK', message, { path })));
      }, this.stallTime);
    });
    try {
      return await Promise.race([promise, stall]);
    } finally {
      clearTimeout(timer);
    }
  }
}

function parseEndpoint(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  const isFit = url !== null && /^https?:$/.test(url.protocol) && url.search === '' && url.hash === '';
  if (isFit && url.username === '' && url.password === '') return url;
  throw new GgmaError(
    'IMPORT_ENDPOINT',
    `expected an http or https address for the hub, got ${JSON.stringify(text)}`,
  );
}

function isLoopback({ hostname }: URL): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}

/** Signed addresses carry secrets in their query. */
function withoutQuery(url: URL): string {
  return url.origin + url.pathname;
}

/** What OpenSSL and Node say of a certificate that does not hold. */
const certificateCode =
  /^(?:CERT_|ERR_TLS_|ERR_SSL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE)/;

/** fetch says only "fetch failed"; the reason is somewhere among its causes. */
function networkFailure(error: unknown, path: string): TemporaryFailure | GgmaError {
  const reasons: string[] = [];
  let code = '';
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    if ('code' in at && code === '') code = String(at.code);
    if (at.message !== '' && at.message !== 'fetch failed') reasons.push(at.message);
  }
  const reason = reasons.at(-1) ?? (code === '' ? 'no reason' : code);
  if (certificateCode.test(code))
    return new GgmaError('IMPORT_TLS', `expected a valid certificate, got: ${reason} (${code})`, {
      path,
      cause: error,
    });
  return new TemporaryFailure(
    new GgmaError(
      'IMPORT_NETWORK',
      `expected an answer, got: ${reason}${reason.includes(code) ? '' : ` (${code})`}`,
      {
        path,
        cause: error,
      },
    ),
  );
}
