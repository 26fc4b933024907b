/** Runs before each test file. Modules that it imports run once in each process. */
import './dawnPolling.js';
import './equality.js';
