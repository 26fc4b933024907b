import { testPage } from './page.js';

testPage('docs/weights.md');
