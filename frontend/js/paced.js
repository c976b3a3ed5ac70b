// Does an action soon after it is asked for, one at a time and never oftener than it may. What is asked meanwhile is
// done once more afterwards, so the last word always counts.
export function paced(action, { soonMs, gapMs }) {
  let timer = 0;
  let isRunning = false;
  let isAsked = false;
  let notBefore = 0;

  async function run() {
    timer = 0;
    isRunning = true;
    try {
      await action();
    } catch {
      // The network is away: the stream's next word, or its coming back, asks again.
    } finally {
      isRunning = false;
      notBefore = Date.now() + gapMs;
      if (isAsked) ask();
    }
  }

  function ask() {
    isAsked = isRunning;
    if (!isRunning && !timer) timer = setTimeout(run, Math.max(soonMs, notBefore - Date.now()));
  }

  return ask;
}
