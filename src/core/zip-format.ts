/**
 * The parts of the zip format that torch.save uses and that we read and write.
 * @source PKWARE's APPNOTE.TXT 6.3.10, sections 4.3 and 4.5
 */
export const signatures = {
  local: 0x04034b50,
  descriptor: 0x08074b50,
  central: 0x02014b50,
  end: 0x06054b50,
  zip64End: 0x06064b50,
  zip64Locator: 0x07064b50,
};

/** Bytes of the fixed part of every record. */
export const recordBytes = { local: 30, central: 46, end: 22, zip64End: 56, zip64Locator: 20 };

/** Bits of the general purpose flag. */
export const flags = { encrypted: 1, descriptor: 1 << 3, utf8: 1 << 11 };

/** Of a 32-bit field: the value is in a zip64 record. */
export const IN_ZIP64 = 0xffffffff;
