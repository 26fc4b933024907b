/** The connection to a queue of BullMQ on a Valkey or Redis server. Both packages are optional peers. */
import type * as bullmq from 'bullmq';
import type * as ioredis from 'ioredis';
import { digest as shortDigest } from '../../internal/digest.js';
import { failure, type NoisefoldError, thrownError } from '../../internal/errors.js';
import { absent, importPeer, isAbsent, reasonOf } from '../../internal/peer.js';
import { type Bits, showBits } from '../jobs/bits.js';
import type { QueueAddress } from './address.js';

/** The packages that a queue needs. */
export interface Packages {
  readonly bullmq: typeof bullmq;
  readonly ioredis: typeof ioredis;
}

const packageOf = async <A>(where: string, name: string): Promise<A> => {
  try {
    return (await importPeer(name)) as A; // the package of this name
  } catch (thrown) {
    throw isAbsent(name, thrown)
      ? thrownError(absent(name, { where, hint: 'install it: npm install bullmq ioredis' }))
      : thrown;
  }
};

/** Loads the packages of a queue. Rejects with `BackendUnavailable` if one is not installed. */
export const packagesFor = async (where: string): Promise<Packages> => ({
  bullmq: await packageOf<typeof bullmq>(where, 'bullmq'),
  ioredis: await packageOf<typeof ioredis>(where, 'ioredis'),
});

/** The server without its password, for messages. */
export const serverOf = (text: string): string => {
  const { protocol, hostname, port } = new URL(text);
  return `${protocol}//${hostname}:${port || '6379'}`;
};

/** The advice for a server that does not answer as it should. */
const adviceFor = (reason: string, text: string): string => {
  if (/NOAUTH|WRONGPASS|NOPERM|password/i.test(reason)) return 'give the right password: redis://:password@host:port';
  // a server that wants a certificate ends the connection
  if (text.startsWith('rediss:') && /certificate required|handshake failure|ECONNRESET|EPIPE/i.test(reason))
    return 'give tls: { cert, key }, the certificate of this client, as PEM, if the server wants one';
  if (/certificate|self.signed|issuer|TLS|SSL|EPROTO/i.test(reason))
    return 'give tls: { ca }, the certificate of its authority, as PEM';
  return `start one: valkey-server --port ${new URL(text).port || '6379'} --appendonly yes; or give the url of another`;
};

const unreachable = (where: string, text: string, thrown: unknown): NoisefoldError => {
  const reason = reasonOf(thrown);
  return failure('BackendUnavailable', {
    where,
    expected: `a Valkey or Redis server at ${serverOf(text)}`,
    actual: reason,
    hint: adviceFor(reason, text),
  });
};

/** Milliseconds in which a server must answer the first time. */
const FIRST_ANSWER = 10_000;

const optionsOf = ({ url: text, tls }: QueueAddress) => ({
  ...(tls === undefined ? {} : { tls }),
  ...(text.startsWith('rediss:') && tls === undefined ? { tls: {} } : {}),
  connectTimeout: FIRST_ANSWER,
  lazyConnect: true,
});

/** Connects once, and fails if the server is not there or refuses the password. */
const probe = async (where: string, { Redis }: typeof ioredis, address: QueueAddress): Promise<void> => {
  let reason: unknown; // mutable: the last error, which says more than the end of the connection
  const client = new Redis(address.url, { ...optionsOf(address), retryStrategy: () => null });
  client.on('error', (thrown) => (reason = thrown));
  try {
    await client.connect();
    await client.ping();
  } catch (thrown) {
    throw thrownError(unreachable(where, address.url, reason ?? thrown));
  } finally {
    client.disconnect();
  }
};

/** The names of what a queue keeps on the server. */
export interface QueueNames {
  readonly prefix: string;
  /** Jobs of equal bits share a queue, so that no other worker takes them. */
  readonly queue: string;
  /** The bits that the last program asked for. */
  readonly bits: string;
  readonly result: (job: string) => string;
  readonly input: (digest: string) => string;
}

export const namesOf = (name: string, bits: Bits): QueueNames => ({
  prefix: name,
  queue: `jobs-${shortDigest(showBits(bits))}`,
  bits: `${name}:bits`,
  result: (job) => `${name}:result:${job}`,
  input: (digest) => `${name}:input:${digest}`,
});

/** An open connection. A lost one is made again, and commands wait for it. */
export type Client = ioredis.Redis;

/** Connects to the server of a queue. Rejects with `BackendUnavailable`. */
export const connected = async (where: string, packages: Packages, address: QueueAddress): Promise<Client> => {
  await probe(where, packages.ioredis, address);
  const client = new packages.ioredis.Redis(address.url, {
    ...optionsOf(address),
    maxRetriesPerRequest: null, // as BullMQ's workers need
    retryStrategy: (times: number) => Math.min(100 * times, 2000),
  });
  client.on('error', () => undefined); // it connects again
  await client.connect();
  return client;
};
