/** The emoji that the picker offers, with the words that find them. */
export interface Emoji {
  readonly text: string;
  readonly name: string;
}

export interface EmojiGroup {
  readonly name: string;
  readonly emoji: readonly Emoji[];
}

/** `😀 grinning, 😂 tears of joy` */
const group = (name: string, list: string): EmojiGroup => ({
  name,
  emoji: list.split(',').map((each) => {
    const [text = '', ...words] = each.trim().split(' ');
    return { text, name: words.join(' ') };
  }),
});

export const emojiGroups: readonly EmojiGroup[] = [
  group(
    'Faces',
    `😀 grinning, 😃 big smile, 😄 smiling eyes, 😁 beaming, 😆 laughing, 😅 sweat smile, 🤣 rolling laughter,
    😂 tears of joy, 🙂 slight smile, 🙃 upside down, 😉 wink, 😊 blush, 😇 halo, 🥰 hearts around, 😍 heart eyes,
    🤩 star eyes, 😘 blowing a kiss, 😋 yum, 😛 tongue, 😜 winking tongue, 🤪 zany, 🤗 hug, 🤭 giggle, 🤫 hush,
    🤔 thinking, 🤨 raised eyebrow, 😐 neutral, 😑 blank, 😶 speechless, 😏 smirk, 😒 unamused, 🙄 eye roll,
    😬 grimace, 😌 relieved, 😔 pensive, 😪 sleepy, 😴 asleep, 😷 mask, 🤒 ill, 🤯 mind blown, 🥳 party, 😎 cool,
    🤓 nerd, 🧐 monocle, 😕 confused, 😟 worried, 🙁 frown, 😮 wow, 😲 astonished, 😳 flushed, 🥺 pleading,
    😨 afraid, 😰 cold sweat, 😢 tear, 😭 crying, 😱 scream, 😖 confounded, 😤 huffing, 😡 angry, 🤬 swearing,
    😈 imp, 💀 skull, 💩 poo, 🤡 clown, 👻 ghost, 👽 alien, 🤖 robot, 😺 cat smile, 🙈 see no evil, 🙉 hear no evil`,
  ),
  group(
    'Hands and people',
    `👋 wave, 🖐️ hand, ✋ stop, 👌 ok, 🤌 pinched fingers, ✌️ victory, 🤞 fingers crossed, 🤟 love you, 🤘 rock on,
    👈 left, 👉 right, 👆 up, 👇 down, 👍 thumbs up, 👎 thumbs down, ✊ fist, 👊 punch, 👏 clap, 🙌 raised hands,
    🫶 heart hands, 🤝 handshake, 🙏 thanks, 💪 strong, 👀 eyes, 🧠 brain, 🙋 hand up, 🤷 shrug, 🤦 facepalm,
    🙇 bow, 🕺 dancing man, 💃 dancing woman, 🏃 running, 👑 crown, 🎩 top hat`,
  ),
  group(
    'Hearts and signs',
    `❤️ red heart, 🧡 orange heart, 💛 yellow heart, 💚 green heart, 💙 blue heart, 💜 purple heart, 🖤 black heart,
    🤍 white heart, 💔 broken heart, 💖 sparkling heart, 💯 hundred, 💢 anger, 💥 boom, 💫 dizzy, 💦 splash,
    💨 dash, 💤 zzz, ✨ sparkles, ⭐ star, 🌟 glowing star, 🔥 fire, ⚡ lightning, ❗ exclamation, ❓ question,
    ✅ done, ❌ no, ⭕ circle, 🆗 OK sign, 🆒 cool sign, 🔴 red dot, 🟢 green dot, 🚨 siren, ⏰ alarm clock`,
  ),
  group(
    'Animals and nature',
    `🐶 dog, 🐱 cat, 🐭 mouse, 🐰 rabbit, 🦊 fox, 🐻 bear, 🐼 panda, 🐨 koala, 🐯 tiger, 🦁 lion, 🐮 cow, 🐷 pig,
    🐸 frog, 🐵 monkey, 🐔 chicken, 🐧 penguin, 🦉 owl, 🦄 unicorn, 🐝 bee, 🦋 butterfly, 🐢 turtle, 🐍 snake,
    🐙 octopus, 🐬 dolphin, 🐳 whale, 🌸 cherry blossom, 🌹 rose, 🌻 sunflower, 🍀 clover, 🌈 rainbow, ☀️ sun,
    🌙 moon, ☔ rain, ❄️ snow, 🌊 wave of water`,
  ),
  group(
    'Food and drink',
    `🍎 apple, 🍌 banana, 🍓 strawberry, 🍉 watermelon, 🍑 peach, 🍕 pizza, 🍔 burger, 🍟 fries, 🍣 sushi, 🍜 ramen,
    🍙 rice ball, 🍛 curry, 🍤 shrimp, 🍰 cake, 🎂 birthday cake, 🍩 doughnut, 🍪 cookie, 🍿 popcorn, ☕ coffee,
    🍵 tea, 🍺 beer, 🍻 cheers, 🥂 clinking glasses, 🍷 wine`,
  ),
  group(
    'Play and things',
    `🎉 party popper, 🎊 confetti, 🎁 present, 🏆 trophy, 🥇 gold medal, 🥈 silver medal, 🥉 bronze medal, ⚽ football,
    🏀 basketball, ⚾ baseball, 🎾 tennis, 🎮 game pad, 🕹️ joystick, 🎲 dice, 🎯 bullseye, 🎵 note, 🎶 notes,
    🎤 microphone, 🎧 headphones, 🎸 guitar, 🎹 keyboard, 🥁 drum, 🎬 clapper, 📷 camera, 📺 television, 💻 laptop,
    📱 phone, 💡 idea, 💰 money, 🚀 rocket, 🚗 car, 🏎️ racing car, ✈️ plane, 🏠 home, ⛩️ shrine, 🗾 Japan`,
  ),
];

/** By the words of their names; without words, all. */
export function findEmoji(words: string): readonly EmojiGroup[] {
  const wanted = words
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  if (wanted.length === 0) return emojiGroups;
  const emoji = emojiGroups
    .flatMap((each) => each.emoji)
    .filter(({ name }) => wanted.every((word) => name.toLowerCase().includes(word)));
  return emoji.length === 0 ? [] : [{ name: 'Found', emoji }];
}
