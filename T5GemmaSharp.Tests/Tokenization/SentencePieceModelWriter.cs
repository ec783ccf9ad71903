using System.Text;
using T5GemmaSharp.Tokenization.Formats;

namespace T5GemmaSharp.Tests.Tokenization;

/// <summary>Writes a SentencePiece <c>ModelProto</c>: what a test damages, or what a <c>tokenizer.json</c> amounts to.</summary>
internal sealed record SentencePieceModelWriter
{
    public required IReadOnlyList<SentencePiece> Pieces { get; init; }

    public int ModelType { get; init; } = 2;

    public bool ByteFallback { get; init; } = true;

    public bool AddDummyPrefix { get; init; }

    public bool RemoveExtraWhitespaces { get; init; }

    public byte[] Charsmap { get; init; } = [];

    public byte[] ToBytes()
    {
        var model = new MemoryStream();
        foreach (var piece in Pieces)
        {
            var message = new MemoryStream();
            WriteBytes(message, field: 1, Encoding.UTF8.GetBytes(piece.Text));
            message.WriteByte((2 << 3) | 5);
            message.Write(BitConverter.GetBytes(piece.Score));
            WriteInteger(message, field: 3, (ulong)piece.Type);
            WriteBytes(model, field: 1, message.ToArray());
        }

        var trainer = new MemoryStream();
        WriteInteger(trainer, field: 3, (ulong)ModelType);
        WriteInteger(trainer, field: 35, ByteFallback ? 1UL : 0);
        WriteBytes(model, field: 2, trainer.ToArray());

        var normalizer = new MemoryStream();
        WriteBytes(normalizer, field: 1, Encoding.UTF8.GetBytes("identity"));
        if (Charsmap.Length > 0)
            WriteBytes(normalizer, field: 2, Charsmap);
        WriteInteger(normalizer, field: 3, AddDummyPrefix ? 1UL : 0);
        WriteInteger(normalizer, field: 4, RemoveExtraWhitespaces ? 1UL : 0);
        WriteBytes(model, field: 3, normalizer.ToArray());
        return model.ToArray();
    }

    public static void WriteInteger(Stream message, int field, ulong value)
    {
        WriteVarint(message, (ulong)field << 3);
        WriteVarint(message, value);
    }

    public static void WriteBytes(Stream message, int field, byte[] bytes)
    {
        WriteVarint(message, ((ulong)field << 3) | 2);
        WriteVarint(message, (ulong)bytes.Length);
        message.Write(bytes);
    }

    private static void WriteVarint(Stream message, ulong value)
    {
        for (; value >= 0x80; value >>= 7)
            message.WriteByte((byte)(value | 0x80));
        message.WriteByte((byte)value);
    }
}
