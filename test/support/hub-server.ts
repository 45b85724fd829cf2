/** A hub on this machine: one repository from memory, the two requests that a hub answers, and every way to fail. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { cert, key } from './self-signed.ts';

export interface HubFile {
  content: Uint8Array;
  etag: string;
}

/** Answers one request in its own way. `serve` is what an honest hub does. */
export type Fault = (request: IncomingMessage, response: ServerResponse, file: HubFile) => void;

export interface Seen {
  path: string;
  range: string | undefined;
  ifRange: string | undefined;
  authorization: string | undefined;
}

export const commit = '0123456789abcdef0123456789abcdef01234567';

export class HubServer {
  readonly files: Map<string, Uint8Array>;
  /** Requests in order. */
  readonly seen: Seen[] = [];
  /** For a file's name, or 'listing': one fault for each of the next requests. */
  readonly faults = new Map<string, Fault[]>();
  /** Changes the listing before it is sent. */
  editListing: (entries: Record<string, unknown>[]) => void = () => {};
  endpoint = '';
  readonly #server: Server;

  private constructor(files: Record<string, Uint8Array>, isTls: boolean) {
    this.files = new Map(Object.entries(files));
    const handle = (request: IncomingMessage, response: ServerResponse) => this.#handle(request, response);
    this.#server = isTls ? createTlsServer({ key, cert }, handle) : createServer(handle);
  }

  static async start(files: Record<string, Uint8Array>, { tls = false } = {}): Promise<HubServer> {
    const server = new HubServer(files, tls);
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve));
    const { port } = server.#server.address() as AddressInfo;
    server.endpoint = `${tls ? 'https' : 'http'}://127.0.0.1:${port}`;
    return server;
  }

  /** The next requests for `name` meet these. */
  fail(name: string, ...faults: Fault[]): void {
    this.faults.set(name, [...(this.faults.get(name) ?? []), ...faults]);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #handle(request: IncomingMessage, response: ServerResponse): void {
    const { pathname: path } = new URL(request.url!, this.endpoint);
    const { range, authorization } = request.headers;
    this.seen.push({
      path,
      range,
      authorization,
      ifRange: request.headers['if-range'] as string | undefined,
    });
    const name = path.startsWith('/api/')
      ? 'listing'
      : decodeURIComponent(/\/resolve\/[^/]+\/(.*)$/.exec(path)?.[1] ?? path.slice(1));
    const content = name === 'listing' ? Buffer.from(JSON.stringify(this.#listing())) : this.files.get(name);
    const fault = this.faults.get(name)?.shift();
    if (content === undefined && fault === undefined)
      return void response.writeHead(404).end('Entry not found');
    const file = { content: content ?? new Uint8Array(), etag: `"${sha256(content ?? new Uint8Array())}"` };
    (fault ?? serve)(request, response, file);
  }

  #listing(): object {
    const siblings = [...this.files].map(([rfilename, content]) => entryOf(rfilename, content));
    this.editListing(siblings);
    return { id: 'owner/model', sha: commit, private: false, siblings };
  }
}

function entryOf(rfilename: string, content: Uint8Array): Record<string, unknown> {
  const size = content.length;
  const blobId = createHash('sha1').update(`blob ${size}\0`).update(content).digest('hex');
  // Large files are pointers in git: their blob id is the pointer's.
  const isLarge = /\.(?:safetensors|model)$/.test(rfilename);
  return isLarge
    ? { rfilename, size, blobId: '0'.repeat(40), lfs: { sha256: sha256(content), size, pointerSize: 130 } }
    : { rfilename, size, blobId };
}

function sha256(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}

/** What an honest hub does: ranges, for whoever still has the same content. */
export const serve: Fault = (request, response, { content, etag }) => {
  const from = rangeStart(request);
  const isSame = request.headers['if-range'] === undefined || request.headers['if-range'] === etag;
  const headers = { etag, 'accept-ranges': 'bytes', 'content-type': 'application/octet-stream' };
  if (from === null || !isSame)
    return void response.writeHead(200, { ...headers, 'content-length': content.length }).end(content);
  if (from >= content.length) return void response.writeHead(416, headers).end();
  const rest = content.subarray(from);
  response.writeHead(206, {
    ...headers,
    'content-length': rest.length,
    'content-range': `bytes ${from}-${content.length - 1}/${content.length}`,
  });
  response.end(rest);
};

function rangeStart({ headers }: IncomingMessage): number | null {
  const start = /^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1];
  return start === undefined ? null : Number(start);
}

/** Breaks the connection after so many bytes of the answer. */
export const cut =
  (bytes: number): Fault =>
  (request, response, file) => {
    const from = rangeStart(request) ?? 0;
    const head = from === 0 ? 200 : 206;
    response.writeHead(head, {
      etag: file.etag,
      'content-length': file.content.length - from,
      'content-range': `bytes ${from}-${file.content.length - 1}/${file.content.length}`,
    });
    // A moment later, or the client drops with the connection what it has not looked at yet.
    response.write(file.content.subarray(from, from + bytes), () => setTimeout(() => response.destroy(), 20));
  };

export const status =
  (code: number, headers: Record<string, string> = {}): Fault =>
  (_request, response) =>
    void response.writeHead(code, headers).end('no');

/** The whole content, whatever range was asked for. */
export const noRanges: Fault = (_request, response, { content }) =>
  void response.writeHead(200, { 'content-length': content.length }).end(content);

/** Another content under the same name. */
export const send =
  (content: Uint8Array, headers: Record<string, string> = {}): Fault =>
  (_request, response, { etag }) =>
    void response.writeHead(200, { etag, ...headers }).end(content);

/** Sends so many bytes and then nothing. */
export const stall =
  (bytes: number): Fault =>
  (_request, response, { content, etag }) => {
    response.writeHead(200, { etag, 'content-length': content.length });
    response.write(content.subarray(0, bytes));
  };

export const redirect = (target: string): Fault => status(302, { location: target });

/** The files of a directory, without those of its folders. */
export function filesOf(dir: string): Record<string, Uint8Array> {
  const names = readdirSync(dir, { withFileTypes: true }).flatMap((entry) =>
    entry.isFile() ? [entry.name] : [],
  );
  return Object.fromEntries(names.map((name) => [name, new Uint8Array(readFileSync(join(dir, name)))]));
}
