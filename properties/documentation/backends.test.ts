import { testPage } from './page.js';

testPage('docs/backends.md');
