import { wasmBackend } from '../../src/backends/wasm/testing.js';
import { offerChecks } from './checks.js';

/** Two threads compute every stage on a page that allows them; elsewhere the calling thread does. */
offerChecks(wasmBackend({ threads: 2 }, { worthWorkers: 0 }));
