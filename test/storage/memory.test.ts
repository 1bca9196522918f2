import { MemoryStore } from '../../src/storage/memory.ts';
import { testStore } from './contract.ts';

testStore('memory', () => {
  const store = new MemoryStore();
  return Promise.resolve({ open: () => Promise.resolve(store), durable: true, clean: () => Promise.resolve() });
});
