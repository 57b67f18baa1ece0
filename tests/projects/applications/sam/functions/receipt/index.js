exports.handler = async (event) => ({ written: true });
