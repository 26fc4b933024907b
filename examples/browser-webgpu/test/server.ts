/** A static server of a folder, for this machine only. */
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { gzipSync } from 'node:zlib';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
};

export interface Served {
  readonly address: string;
  readonly close: () => void;
}

/** `below` is the path of the folder on the host. */
export const serve = (folder: string, headers: Readonly<Record<string, string>> = {}, below = '/'): Promise<Served> => {
  const server = createServer(async ({ url = '/' }, response) => {
    const path = normalize(new URL(url, 'http://localhost').pathname);
    const name = path === below ? 'index.html' : path.startsWith(below) ? path.slice(below.length) : '';
    try {
      const content = await readFile(join(folder, name));
      const type = TYPES[extname(name)];
      // texts are compressed, as hosts do
      response
        .writeHead(200, {
          ...headers,
          'Content-Type': type ?? 'application/octet-stream',
          ...(type && { 'Content-Encoding': 'gzip' }),
        })
        .end(type ? gzipSync(content) : content);
    } catch {
      response.writeHead(404).end();
    }
  });
  return new Promise((resolve) =>
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo; // it listens on a port
      resolve({ address: `http://127.0.0.1:${port}/`, close: () => server.close() });
    }),
  );
};
