import { objectStoreContract } from '../../../runtime/store/objects/contract.ts';
import { messageStoreContract } from '../../../runtime/store/tables/contract/messages.ts';
import { FakeMessageStore } from '../../../fakes/chat/message-store.ts';
import { FakeObjectStore } from '../../../fakes/object-store.ts';

const close = (): Promise<void> => Promise.resolve();

objectStoreContract(() => Promise.resolve({ store: new FakeObjectStore(), close }));

messageStoreContract(() => {
  const store = new FakeMessageStore();
  return Promise.resolve({ store, other: store, close });
});
