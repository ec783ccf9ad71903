using System.Buffers.Binary;

namespace T5GemmaSharp.Tokenization.Formats;

/// <summary>Walks the fields of a protobuf message: wire format only, no schema.</summary>
/// <param name="file">The file's name, for messages.</param>
/// <param name="path">The message's name, for messages.</param>
/// <param name="message">The message.</param>
internal ref struct ProtobufReader(string file, string path, ReadOnlySpan<byte> message)
{
    private const int MaximumVarintLength = 10;

    private readonly ReadOnlySpan<byte> _message = message;
    private int _position;
    private WireType _type;
    private ulong _number;
    private ReadOnlySpan<byte> _bytes;

    private enum WireType
    {
        Varint = 0,
        Fixed64 = 1,
        Bytes = 2,
        Fixed32 = 5,
    }

    /// <summary>Number of the field.</summary>
    public int Field { get; private set; }

    /// <summary>Moves on to the next field.</summary>
    /// <exception cref="TokenizerFormatException">The message is cut off or is no protobuf.</exception>
    public bool Read()
    {
        if (_position == _message.Length)
            return false;
        var tag = ReadVarint();
        Field = (int)Math.Min(tag >> 3, int.MaxValue);
        _type = (WireType)(tag & 7);
        switch (_type)
        {
            case WireType.Varint:
                _number = ReadVarint();
                break;
            case WireType.Fixed32:
                _number = BinaryPrimitives.ReadUInt32LittleEndian(Take(4));
                break;
            case WireType.Fixed64:
                _number = BinaryPrimitives.ReadUInt64LittleEndian(Take(8));
                break;
            case WireType.Bytes:
                _bytes = Take(ReadVarint());
                break;
            default:
                throw Fault($"field {Field}: expected a wire type of protobuf, got {(int)_type} at byte {_position}");
        }

        return true;
    }

    /// <summary>The field's bytes: a text or a message.</summary>
    public readonly ReadOnlySpan<byte> Bytes() => Demand(WireType.Bytes) ? _bytes : default;

    /// <summary>The field as an integer; enumerations and truth values are integers too.</summary>
    public readonly long Integer() => Demand(WireType.Varint) ? (long)_number : 0;

    /// <summary>The field as a number of 32 bits.</summary>
    public readonly float Float() => Demand(WireType.Fixed32) ? BitConverter.UInt32BitsToSingle((uint)_number) : 0;

    private readonly bool Demand(WireType type)
        => _type == type ? true : throw Fault($"field {Field}: expected wire type {type}, got {_type}");

    private ulong ReadVarint()
    {
        var value = 0UL;
        for (var length = 0; length < MaximumVarintLength; length++)
        {
            var next = Take(1)[0];
            value |= (ulong)(next & 0x7F) << (7 * length);
            if (next < 0x80)
                return value;
        }

        throw Fault($"expected an integer of at most {MaximumVarintLength} bytes, got a longer one at byte {_position}");
    }

    private ReadOnlySpan<byte> Take(ulong length)
    {
        if (length > (ulong)(_message.Length - _position))
            throw Fault($"expected {length} more bytes at byte {_position}, got {_message.Length - _position}: the file is cut off or is no SentencePiece model");
        var taken = _message.Slice(_position, (int)length);
        _position += (int)length;
        return taken;
    }

    private readonly TokenizerFormatException Fault(string problem) => new(file, path, problem);
}
