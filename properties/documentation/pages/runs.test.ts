import { testPage } from './page.js';

testPage('docs/runs.md');
