// Runs in the head of every page, before anything is painted and before the app has arrived: marks
// the document for the styles, and says what is missing if the app does not start.
(() => {
  const root = document.documentElement;
  root.dataset.script = 'on';
  // A person who is signed in should not see the sign-in page on the way to their account.
  try {
    if (localStorage.getItem('latchkey.tokens')) root.dataset.session = 'stored';
  } catch {}

  // Where a sign-in was begun, to begin it again if the provider takes too long (`last_login.rs`).
  addEventListener('click', ({ target }) => {
    const link = target instanceof Element && target.closest('a[href^="/auth/login?"]');
    try {
      if (link) sessionStorage.setItem('latchkey.login', link.getAttribute('href'));
    } catch {}
  }, true);

  const say = (id) => {
    const notice = document.getElementById(id);
    if (root.dataset.app || !notice) return;
    root.dataset.stuck = id;
    notice.hidden = false;
  };
  const failed = () => setTimeout(say, 300, 'app-missing');

  if (typeof WebAssembly !== 'object') {
    addEventListener('DOMContentLoaded', () => say('webassembly-missing'));
    return;
  }
  // A script or a preload that was not loaded, and what the scripts throw.
  addEventListener('error', ({ target }) => {
    if (target === window || /^(SCRIPT|LINK)$/.test(target.tagName)) failed();
  }, true);
  addEventListener('unhandledrejection', failed);
  setTimeout(say, 5000, 'app-missing');
})();
