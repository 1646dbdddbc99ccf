// ltijs reads mongoose.Schema when it is loaded, and uses it only when no Database plugin is given.
module.exports = {}
