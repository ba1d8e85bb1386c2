import { describe, expect, it } from 'vitest';
import { hasLink } from '../../../../core/chat/filter/links.ts';

/** Readable corpora: entries are divided by bars. */
const corpus = (text: string): readonly string[] => text.split('|');

describe('links', () => {
  it.each(
    corpus(
      'http://a.b|https://例え.jp/あ|HTTP://X|hxxp://foo|h t t p : / / a|rtmp://x/y|www.foo|www. foo|example.com|EXAMPLE.COM|(foo.net)|go.com.|' +
        'foo.com/bar|foo.com。|foo.co.jp|日本語.jp|xn--80.xn--p1ai|twitch.tv/foo|bit.ly/3|a@b.com|steamcommunity.ru|cheap-bags.shop|163.com|' +
        '見てexample.comみて|example。com|example。jp|ｅｘａｍｐｌｅ．ｃｏｍ|𝐞𝐱𝐚𝐦𝐩𝐥𝐞.𝐜𝐨𝐦|ex\u200bample.com|example[.]com|example (dot) com|example{.}com|' +
        'example dot com|exampleドットcom|example ドット jp|example .com|example. com|example . com|' +
        'youtu.be/abc|youtu.be|t.me/x|foo.me/x|foo.link/x|foo.me:8080|discord.gg/abc|discord gg/abc|192.168.0.1:8080|1.2.3.4/evil',
    ),
  )('are found in %s', (text) => {
    expect(hasLink(text)).toBe(true);
  });

  it.each(
    corpus(
      'e.g.|i.e. this|v1.2.3|1.2.3.4|何.。|¥1,000.50|12.50|10:30|3.14|0.5s|100.000|a.m.|U.S.A.|Mr.Smith|wait...what|...|・・・|it.me too|end.To be|' +
        'main.ts|README.md|node.js|index.html|script.sh|lib.rs|photo.jpg|ほんと。jpg画像|x.y|ASP.NET|Socket.IO|すごい。tv見て|まじ。net使う|ok。me too|' +
        "the dot com years|polka dot|dot|Let's go. Net is slow|lol.no|gg.wp|wp.gg|and/or|w/o|:D|:-)|http|www|://|km/h 24/7|1.com",
    ),
  )('are not seen in %s', (text) => {
    expect(hasLink(text)).toBe(false);
  });
});
