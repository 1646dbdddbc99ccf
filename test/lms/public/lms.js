// Posts a form that waits for nobody, follows a link out of a frame, and hears a tool say that it is done.
document.querySelector('form[data-post-now]')?.submit()
document.querySelector('a[data-follow-now]')?.click()

const frame = document.querySelector('iframe[data-close-to]')
if (frame) {
  addEventListener('message', (event) => {
    const fromTool = event.origin === new URL(frame.src).origin
    if (fromTool && event.data?.subject === 'org.imsglobal.lti.close')
      location.assign(frame.dataset.closeTo)
  })
}
