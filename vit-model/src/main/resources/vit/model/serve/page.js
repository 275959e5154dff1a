// The page of `vit serve`: a picture goes in; classes, attention and times come out. Whatever a server or a file says is shown as text, never as
// HTML: labels come from files that nobody vouches for.

const POLL_MS = 2000;
const HEAT_SIDE = 384; // pixels of the heat map's longer side, before the browser scales it
const COARSE_SIDE = 100; // a picture with a shorter side than this is enlarged to visible pixels, not blurred
const LONG_LABEL = 24; // characters

/** matplotlib's inferno: lightness rises evenly, so more attention looks like more. Red, green, blue. */
const INFERNO = [0x000004, 0x1B0C41, 0x4A0C6B, 0x781C6D, 0xA52C60, 0xCF4446, 0xED6925, 0xFB9B06, 0xF7D13D, 0xFCFFA4]
  .map(rgb => [rgb >> 16, rgb >> 8 & 0xFF, rgb & 0xFF]);

const at = id => document.getElementById(id);

let status = null; // the newest answer of /status
let answer = null; // the newest answer of /attention
let upload = null; // the AbortController of the request under way
let countdown = 0; // the timer of a 503's Retry-After
let nextPoll = 0; // the timer of the next look at /status

// ---- Words and numbers

function percent(share) {
  return share > 0 && share < 0.001 ? '< 0.1 %' : `${(100 * share).toFixed(1)} %`;
}

/** Attention is spread over hundreds of patches, so a share of it needs a digit more. */
function finePercent(share) {
  return `${(100 * share).toFixed(2)} %`;
}

function milliseconds(ms) {
  return ms === null ? '–' : `${ms.toFixed(ms < 9.95 ? 2 : ms < 99.5 ? 1 : 0)} ms`;
}

function mebibytes(bytes) {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}

function labelOf(ranked) {
  return String(ranked.label) === String(ranked.class) ? `class ${ranked.class}` : String(ranked.label);
}

function plural(count, noun) {
  return `${count.toLocaleString('en')} ${noun}${count === 1 ? '' : 's'}`;
}

function element(name, text) {
  const made = document.createElement(name);
  if (text !== undefined) {
    made.textContent = text;
  }
  return made;
}

// ---- A picture comes in

async function look(file) {
  const most = status?.max_body_bytes;
  if (most !== undefined && file.size > most) {
    upload?.abort();
    showFault(`${file.name} has ${mebibytes(file.size)}. This server takes pictures of at most ${mebibytes(most)}.`);
    return;
  }
  const mine = beginUpload(file);
  try {
    const response = await fetch('attention?top=5', {
      method: 'POST',
      headers: {'Content-Type': file.type.startsWith('image/') ? file.type : 'application/octet-stream'},
      body: file,
      signal: mine.signal,
    });
    const body = await response.json();
    if (response.ok) {
      await showAnswer(file, body, mine.signal);
    } else {
      showRefusal(file, response, body);
    }
  } catch (reason) {
    if (mine.signal.aborted) {
      return; // a newer picture took this one's place
    }
    showFault('The server does not answer as expected. Is it still running?', () => look(file));
  }
}

function beginUpload(file) {
  upload?.abort();
  upload = new AbortController();
  clearFault();
  at('result').setAttribute('aria-busy', 'true');
  tell(`Looking at ${file.name} …`);
  return upload;
}

async function lookAtSample(name) {
  try {
    const response = await fetch(name);
    if (!response.ok) {
      throw new Error(`status ${response.status}`);
    }
    look(new File([await response.blob()], name, {type: 'image/png'}));
  } catch {
    showFault('The sample cannot be fetched. Is the server still running?', () => lookAtSample(name));
  }
}

function lookAtFirst(files) {
  if (files.length > 0) {
    look(files[0]);
  } else {
    showFault('That was not a file. Save the picture first, then drop it here.');
  }
}

function carriesFiles(event) {
  return event.dataTransfer !== null && event.dataTransfer.types.includes('Files');
}

function listenForPictures() {
  at('file').addEventListener('change', event => {
    lookAtFirst(event.target.files);
    event.target.value = ''; // so that the same file may be chosen again
  });
  for (const button of document.querySelectorAll('[data-sample]')) {
    button.addEventListener('click', () => lookAtSample(button.dataset.sample));
  }
  document.addEventListener('paste', event => {
    if (event.clipboardData !== null && event.clipboardData.files.length > 0) {
      look(event.clipboardData.files[0]);
    }
  });
  listenForDrops();
}

function listenForDrops() {
  document.addEventListener('dragover', event => {
    event.preventDefault();
    at('curtain').hidden = !carriesFiles(event);
  });
  document.addEventListener('dragleave', event => {
    if (event.relatedTarget === null) {
      at('curtain').hidden = true;
    }
  });
  document.addEventListener('drop', event => {
    event.preventDefault();
    at('curtain').hidden = true;
    lookAtFirst(event.dataTransfer.files);
  });
}

// ---- Faults

function tell(text) {
  at('news').textContent = text;
}

function clearFault() {
  clearInterval(countdown);
  at('fault').hidden = true;
  at('fault-text').textContent = '';
}

/** Shows a sentence, and a button if there is something to try again. */
function showFault(sentence, retry) {
  clearFault();
  tell('');
  at('result').hidden = true;
  at('fault').hidden = false;
  at('fault-text').textContent = sentence;
  at('fault').scrollIntoView({block: 'nearest'});
  const button = at('again');
  button.hidden = retry === undefined;
  button.onclick = () => {
    if (button.getAttribute('aria-disabled') !== 'true') {
      retry();
    }
  };
  allowRetry();
}

function showRefusal(file, response, body) {
  const retry = response.status >= 500 ? () => look(file) : undefined;
  showFault(`${file.name}: ${body.error}`, retry);
  const seconds = parseInt(response.headers.get('Retry-After'), 10);
  if (response.status === 503 && seconds > 0) {
    holdRetry(seconds);
  }
}

/** Counts the seconds down on the button. It keeps the focus meanwhile, which a disabled button would lose. */
function holdRetry(seconds) {
  const button = at('again');
  let left = seconds;
  const show = () => {
    button.textContent = `Try again in ${left} s`;
    if (left-- === 0) {
      clearInterval(countdown);
      allowRetry();
    }
  };
  button.setAttribute('aria-disabled', 'true');
  countdown = setInterval(show, 1000);
  show();
}

function allowRetry() {
  at('again').removeAttribute('aria-disabled');
  at('again').textContent = 'Try again';
}

// ---- The answer

async function showAnswer(file, newest, signal) {
  answer = newest;
  await showPicture();
  if (signal.aborted) {
    return; // a newer picture took this one's place
  }
  showClasses();
  showTime();
  offerMaps();
  showMap();
  document.body.classList.add('answered');
  at('result').hidden = false;
  at('result').removeAttribute('aria-busy');
  tell(`${file.name}: ${verdict()} in ${at('total').textContent}`);
}

function verdict() {
  const [best] = answer.top;
  return best === undefined ? 'done' : `${labelOf(best)}, ${percent(best.probability)},`;
}

async function showPicture() {
  const under = at('under');
  under.src = answer.picture;
  at('picture').src = answer.picture;
  await under.decode();
  const coarse = Math.min(under.naturalWidth, under.naturalHeight) < COARSE_SIDE;
  under.classList.toggle('coarse', coarse);
  at('picture').classList.toggle('coarse', coarse);
  at('seen').textContent = `What the model saw: ${under.naturalWidth} × ${under.naturalHeight} pixels`;
}

function showClasses() {
  const [best] = answer.top;
  at('headless').hidden = best !== undefined;
  at('best').textContent = best === undefined ? '' : labelOf(best);
  at('best').classList.toggle('long', best !== undefined && labelOf(best).length > LONG_LABEL);
  at('classes').replaceChildren(...answer.top.map(classRow));
}

function classRow(ranked) {
  const bar = element('div');
  bar.style.width = `${100 * ranked.probability}%`;
  const track = element('div');
  track.className = 'track';
  track.append(bar);
  const row = element('li');
  row.append(element('span', labelOf(ranked)), element('span', percent(ranked.probability)), track);
  return row;
}

function showTime() {
  const {decode_ms: decode, queue_ms: queue, compute_ms: compute} = answer.time;
  for (const [part, ms] of Object.entries({decode, queue, compute})) {
    at(part).textContent = milliseconds(ms);
    at(`${part}-bar`).style.flexGrow = ms;
  }
  at('total').textContent = milliseconds(decode + queue + compute);
}

// ---- Where the model looks

/** Rebuilds the choices where the model has other heads or blocks than the one before; otherwise what was chosen stays. */
function offerMaps() {
  const head = at('head');
  if (head.options.length !== answer.heads + 2) {
    const heads = Array.from({length: answer.heads}, (_, h) => new Option(`Head ${h + 1}`, h));
    head.replaceChildren(new Option('Rollout', 'rollout'), new Option('Mean of heads', 'mean'), ...heads);
  }
  const block = at('block');
  if (Number(block.max) !== answer.blocks) {
    block.max = answer.blocks;
    block.value = answer.blocks;
  }
}

function chosenMap() {
  const block = at('block').value - 1;
  switch (at('head').value) {
    case 'rollout': return answer.rollout[block];
    case 'mean': return meanOf(answer.attention[block]);
    default: return answer.attention[block][at('head').value];
  }
}

function meanOf(maps) {
  return maps[0].map((_, patch) => maps.reduce((sum, map) => sum + map[patch], 0) / maps.length);
}

function showMap() {
  const map = chosenMap();
  const [rows, columns] = answer.grid;
  const low = Math.min(...map);
  const high = Math.max(...map);
  paintHeat(map.map(share => (share - low) / (high - low || 1)), rows, columns);
  at('low').textContent = finePercent(low);
  at('high').textContent = finePercent(high);
  at('block-text').textContent = `${at('block').value} of ${answer.blocks}`;
  at('block').setAttribute('aria-valuetext', at('block-text').textContent);
  at('heat').setAttribute('aria-label', `${mapName()}: most attention, ${finePercent(high)}, at ${placeOf(map.indexOf(high), columns)}`);
  describePatches();
}

function mapName() {
  const name = at('head').selectedOptions[0].text;
  return at('head').value === 'rollout' ? `Rollout through block ${at('block').value}` : `${name}, block ${at('block').value}`;
}

function placeOf(patch, columns) {
  return `row ${Math.floor(patch / columns) + 1}, column ${patch % columns + 1}`;
}

function describePatches() {
  const [rows, columns] = answer.grid;
  at('patch').textContent = `${rows} × ${columns} patches; spread evenly, each would get ${finePercent(1 / (rows * columns))}.`;
}

function describePatchUnder(event) {
  const [rows, columns] = answer.grid;
  const box = at('stage').getBoundingClientRect();
  const row = Math.floor((event.clientY - box.top) / box.height * rows);
  const column = Math.floor((event.clientX - box.left) / box.width * columns);
  if (row >= 0 && row < rows && column >= 0 && column < columns) {
    const patch = row * columns + column;
    at('patch').textContent = `The patch at ${placeOf(patch, columns)} gets ${finePercent(chosenMap()[patch])}.`;
  }
}

/** Paints shares in [0, 1], one for each patch, as a smooth surface that goes through them at the patches' centres. */
function paintHeat(shares, rows, columns) {
  const scale = Math.ceil(HEAT_SIDE / Math.max(rows, columns));
  const canvas = at('heat');
  canvas.width = columns * scale;
  canvas.height = rows * scale;
  const across = Array.from({length: canvas.width}, (_, x) => taps((x + 0.5) / scale - 0.5, columns));
  const down = Array.from({length: canvas.height}, (_, y) => taps((y + 0.5) / scale - 0.5, rows));
  const stretched = Array.from({length: rows}, (_, row) => across.map(tap => weighted(tap, i => shares[row * columns + i])));
  const context = canvas.getContext('2d');
  const pixels = context.createImageData(canvas.width, canvas.height);
  let offset = 0;
  for (const tap of down) {
    for (let x = 0; x < canvas.width; x++) {
      pixels.data.set(colour(weighted(tap, row => stretched[row][x])), offset);
      pixels.data[offset + 3] = 255;
      offset += 4;
    }
  }
  context.putImageData(pixels, 0, 0);
}

/** The four neighbours of a position and their weights in a Catmull-Rom spline; beyond the edge, the edge's value goes on. */
function taps(position, count) {
  const first = Math.floor(position);
  const t = position - first;
  const weights = [
    ((2 - t) * t - 1) * t / 2,
    ((3 * t - 5) * t * t + 2) / 2,
    ((4 - 3 * t) * t + 1) * t / 2,
    (t - 1) * t * t / 2,
  ];
  return weights.map((weight, i) => ({weight, index: clamp(first - 1 + i, 0, count - 1)}));
}

function weighted(tap, valueAt) {
  return tap.reduce((sum, {weight, index}) => sum + weight * valueAt(index), 0);
}

function clamp(value, least, most) {
  return Math.min(Math.max(value, least), most);
}

/** The colour of a value, [red, green, blue]; a spline overshoots, so values beyond [0, 1] get the ends' colours. */
function colour(value) {
  const position = clamp(value, 0, 1) * (INFERNO.length - 1);
  const below = Math.min(Math.floor(position), INFERNO.length - 2);
  return INFERNO[below].map((from, channel) => from + (INFERNO[below + 1][channel] - from) * (position - below));
}

function paintLegend() {
  const canvas = at('ramp');
  const context = canvas.getContext('2d');
  for (let x = 0; x < canvas.width; x++) {
    context.fillStyle = `rgb(${colour(x / (canvas.width - 1)).map(Math.round).join(' ')})`;
    context.fillRect(x, 0, 1, 1);
  }
}

/** Under heat the picture is grey, so that the colours of the heat can be read. */
function showOpacity() {
  const opacity = at('opacity').value / 100;
  at('heat').style.opacity = opacity;
  at('under').style.filter = `grayscale(${opacity === 0 ? 0 : 1})`;
  at('opacity-text').textContent = `${at('opacity').value} %`;
  at('opacity').setAttribute('aria-valuetext', at('opacity-text').textContent);
}

function listenForMaps() {
  at('head').addEventListener('change', showMap);
  at('block').addEventListener('input', showMap);
  at('opacity').addEventListener('input', showOpacity);
  at('stage').addEventListener('pointermove', describePatchUnder);
  at('stage').addEventListener('pointerleave', describePatches);
}

// ---- The server

async function poll() {
  clearTimeout(nextPoll);
  if (document.hidden) {
    return; // visibilitychange goes on with it
  }
  try {
    const response = await fetch('status');
    if (!response.ok) {
      throw new Error(`status ${response.status}`);
    }
    status = await response.json();
    showStatus();
  } catch {
    showState('away', 'Not reachable');
  }
  clearTimeout(nextPoll); // a page that was hidden for a moment has asked twice
  nextPoll = setTimeout(poll, POLL_MS);
}

function showStatus() {
  showState(...stateOf(status));
  showModel(status);
  at('p50').textContent = milliseconds(status.recent.p50_ms);
  at('p99').textContent = milliseconds(status.recent.p99_ms);
  at('rate').textContent = status.recent.images_per_second.toFixed(2);
  at('waiting').textContent = status.queue.length;
  at('limit').textContent = `of at most ${status.queue.limit}`;
  showRefusals(status.requests.refused);
}

function stateOf({ready, draining}) {
  if (draining) {
    return ['waiting', 'Closing'];
  }
  return ready ? ['ready', 'Ready'] : ['waiting', 'Warming up'];
}

function showState(state, words) {
  at('state').dataset.state = state;
  if (at('state').textContent !== words) {
    at('state').textContent = words;
  }
}

function showModel({model, sessions, threads, deadline_ms: deadline}) {
  at('model').textContent = model.description;
  at('samples').hidden = !model.shipped;
  at('sizes').textContent = `${plural(model.parameters, 'parameter')} · ${plural(sessions, 'session')} of ${plural(threads, 'thread')} · deadline ${deadline} ms`;
}

function showRefusals(refused) {
  const counts = Object.entries(refused).filter(([, count]) => count > 0);
  at('refused').textContent = counts.reduce((sum, [, count]) => sum + count, 0);
  at('reasons').textContent = counts.length === 0
    ? 'since the start'
    : counts.map(([reason, count]) => `${reason.toLowerCase().replaceAll('_', ' ')} ${count}`).join(', ');
}

listenForPictures();
listenForMaps();
paintLegend();
showOpacity();
document.addEventListener('visibilitychange', poll);
poll();
