import { testPage } from './page.js';

testPage('docs/evaluation.md');
