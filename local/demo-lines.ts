/** What is said in the demo's chat: small talk about a test picture, as it would be about anything. */
export interface DemoLine {
  readonly who: string;
  readonly text: string;
}

const scene = (...lines: readonly (readonly [who: string, text: string])[]): readonly DemoLine[] =>
  lines.map(([who, text]) => ({ who, text }));

/** Talks of a few lines; told in any order. */
export const demoScenes: readonly (readonly DemoLine[])[] = [
  scene(
    ['haru', 'こんばんは〜'],
    ['Mika', 'こんばんは！間に合った😊'],
    ['Tom', 'hi all'],
    ['haru', '@Tom welcome!'],
  ),
  scene(
    ['Ines', 'that clock is mesmerising'],
    ['Tom', 'right? I set my watch by it'],
    ['Kenta', '時計、こっちと2秒くらいしかズレてない'],
    ['Mika', '@Kenta はやいよね、ほぼリアルタイム'],
  ),
  scene(
    ['Kenta', '音、だんだん上がっていくのなんなの笑'],
    ['Yuki', '4つの音でループしてる'],
    ['Kenta', '@Yuki ほんとだ🎵'],
  ),
  scene(
    ['Ines', 'anyone else watching on the phone?'],
    ['Mika', 'スマホで見てます📱'],
    ['Tom', 'phone here too, 360p looks fine on the train'],
  ),
  scene(
    ['Yuki', '8888888'],
    ['haru', '👏👏👏'],
    ['Ines', 'what does 888 mean?'],
    ['Yuki', '@Ines clap clap clap :)'],
  ),
  scene(
    ['Tom', 'I love how the bars drift across'],
    ['Ines', 'it is basically a lava lamp'],
    ['haru', 'ラバランプwww'],
  ),
  scene(
    ['Mika', 'はじめて来ました！'],
    ['Kenta', 'いらっしゃい〜'],
    ['Tom', 'welcome 👋'],
    ['Mika', 'ありがとうございます🙏'],
  ),
  scene(['haru', 'そろそろご飯食べてくる🍚'], ['Yuki', 'いってら'], ['haru', '巻き戻して見られるの助かる']),
  scene(['Ines', 'brb, coffee ☕'], ['Tom', 'take your time, it will still be a test picture']),
  scene(
    ['Kenta', 'さっきのところもう一回見たい'],
    ['Yuki', '@Kenta シークバーで戻れるよ'],
    ['Kenta', '戻れた！チャットも一緒に戻るのか'],
  ),
  scene(['Tom', 'gg'], ['Mika', 'いい配信だ…'], ['Ines', 'ten out of ten pixels']),
  scene(
    ['Yuki', '今日は何人くらい見てるんだろう'],
    ['haru', '@Yuki チャットの上に出てるよ👀'],
    ['Yuki', 'あ、ほんとだ。ありがとう！'],
  ),
];
