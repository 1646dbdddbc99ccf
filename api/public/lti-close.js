// Tells the LMS that its registration dialog can be closed (LTI Dynamic Registration 1.0 §3.7).
const lms = window.opener ?? window.parent
if (lms !== window) lms.postMessage({ subject: 'org.imsglobal.lti.close' }, '*')
