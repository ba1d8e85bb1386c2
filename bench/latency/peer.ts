/** The peer: Debian's nginx with its RTMP module makes HLS of 2 s fragments; hls.js plays it with its defaults. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { copyFile, mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensurePackages } from '../../tools/setup/programs.mjs';

const host = '127.0.0.1';

export interface Peer {
  readonly version: string;
  readonly target: string;
  readonly pageUrl: string;
  readonly playlistUrl: string;
  stop(): Promise<void>;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, host);
  await once(server, 'listening');
  const address = server.address();
  server.close();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

const configuration = (folder: string, rtmpPort: number, httpPort: number): string => `
load_module /usr/lib/nginx/modules/ngx_rtmp_module.so;
daemon off;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log warn;
worker_processes 1;
events { worker_connections 256; }
rtmp {
  server {
    listen ${host}:${rtmpPort};
    application live {
      live on;
      hls on;
      hls_path ${folder}/www/hls;
      hls_fragment 2s;
      hls_playlist_length 20s;
    }
  }
}
http {
  access_log off;
  client_body_temp_path ${folder}/tmp; proxy_temp_path ${folder}/tmp; fastcgi_temp_path ${folder}/tmp;
  uwsgi_temp_path ${folder}/tmp; scgi_temp_path ${folder}/tmp;
  types { text/html html; text/javascript js; application/vnd.apple.mpegurl m3u8; video/mp2t ts; }
  server {
    listen ${host}:${httpPort};
    root ${folder}/www;
    location /hls { add_header Cache-Control no-cache; }
  }
}
`;

const page = `<!doctype html><meta charset="utf-8"><title>peer</title><video muted autoplay width="1280"></video>
<script src="hls.js"></script><script>
const video = document.querySelector('video');
const hls = new Hls();
hls.loadSource('hls/peer.m3u8');
hls.attachMedia(video);
hls.on(Hls.Events.MANIFEST_PARSED, () => video.play());
</script>`;

export async function startPeer(): Promise<Peer> {
  if (
    spawnSync('nginx', ['-v']).status !== 0 ||
    spawnSync('dpkg', ['-s', 'libnginx-mod-rtmp']).status !== 0
  ) {
    ensurePackages(['nginx-light', 'libnginx-mod-rtmp']);
  }
  const folder = await mkdtemp(join(tmpdir(), 'tidecast-peer-'));
  const [rtmpPort, httpPort] = [await freePort(), await freePort()];
  await mkdir(join(folder, 'www', 'hls'), { recursive: true });
  await mkdir(join(folder, 'tmp'));
  await writeFile(join(folder, 'www', 'index.html'), page);
  await copyFile(
    createRequire(import.meta.url).resolve('hls.js/dist/hls.min.js'),
    join(folder, 'www', 'hls.js'),
  );
  await writeFile(join(folder, 'nginx.conf'), configuration(folder, rtmpPort, httpPort));
  // nginx drops to `nobody` for its worker when started as root: it has to write the fragments.
  spawnSync('chmod', ['-R', 'a+rwX', folder]);
  const nginx = spawn('nginx', ['-c', join(folder, 'nginx.conf'), '-p', folder], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  nginx.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const pageUrl = `http://${host}:${httpPort}/index.html`;
  for (let tries = 0; ; tries++) {
    const up = await fetch(pageUrl).then(
      (response) => response.ok,
      () => false,
    );
    if (up) break;
    if (nginx.exitCode !== null || tries > 50) throw new Error(`nginx did not start: ${said}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return {
    version: spawnSync('nginx', ['-v']).stderr.toString().trim(),
    target: `rtmp://${host}:${rtmpPort}/live/peer`,
    pageUrl,
    playlistUrl: `http://${host}:${httpPort}/hls/peer.m3u8`,
    stop: async () => {
      const exited = once(nginx, 'exit');
      nginx.kill('SIGTERM');
      await exited;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
