/**
 * The address of a queue. It has a file of its own, so that our declarations do not need the types of the packages of a
 * queue.
 */
import { hinted, positive, refined } from '../../internal/decode.js';
import { t } from '../../internal/fp.js';
import { optional, type OptionsOf, record } from '../../internal/schema.js';

const url = hinted(
  refined(
    t.string,
    "the url of a Valkey or Redis server, such as 'redis://localhost:6379'",
    (text) => URL.canParse(text) && /^rediss?:$/.test(new URL(text).protocol),
  ),
  "give 'redis://:password@host:port', or 'rediss://…' for TLS",
);

const address = {
  /** The server: `redis://:password@host:port`, or `rediss://…` for TLS. */
  url,
  /** The name of the queue; default 'noisefold'. Programs and workers of one name belong together. */
  name: optional(
    refined(t.string, 'a name of letters, digits, - and _', (text) => /^[\w-]+$/.test(text)),
    'noisefold',
  ),
  /**
   * Seconds in which the server must accept the connection and answer each command. A program or a worker fails after
   * this time without an answer; default 60.
   */
  patience: optional(positive, 60),
  /** Certificates as PEM: of the authority of a `rediss` server, if the system does not know it, and of this client. */
  tls: optional(record({ ca: optional(t.string), cert: optional(t.string), key: optional(t.string) })),
};

export const queueAddress = record(address);

/** The server and the name of a queue. */
export interface QueueAddress extends OptionsOf<typeof address> {}
