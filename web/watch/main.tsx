import { render } from 'preact';
import { mountPoint } from '../design/mount.ts';
import { WatchPage } from './page.tsx';

// Ids are letters and digits: what is escaped in the address is none, and the API will say so.
const broadcastId = /^\/watch\/([^/]+)/.exec(location.pathname)?.[1] ?? '';
render(<WatchPage broadcastId={broadcastId} />, mountPoint());
