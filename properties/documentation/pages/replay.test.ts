import { testPage } from './page.js';

testPage('docs/replay.md');
