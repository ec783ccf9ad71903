using System.Text;

namespace T5GemmaSharp.Tokenization.Formats;

/// <summary>A SentencePiece <c>ModelProto</c>, as far as a byte-fallback BPE tokenizer needs it.</summary>
internal sealed class SentencePieceModel
{
    private const int Bpe = 2;
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly string _file;
    private readonly List<SentencePiece> _pieces = [];
    private bool _sawTrainer;
    private bool _sawNormalizer;

    private SentencePieceModel(string file) => _file = file;

    /// <summary>The pieces in the order of their ids.</summary>
    public IReadOnlyList<SentencePiece> Pieces => _pieces;

    /// <summary>Reads a model, checking every setting that the BPE engine takes for granted.</summary>
    /// <param name="bytes">The file's bytes.</param>
    /// <param name="file">The file's name, for messages.</param>
    /// <exception cref="TokenizerFormatException">The file is cut off, no SentencePiece model, or a setting is not Gemma's.</exception>
    public static SentencePieceModel Read(ReadOnlySpan<byte> bytes, string file)
    {
        var model = new SentencePieceModel(file);
        var reader = new ProtobufReader(file, "model", bytes);
        while (reader.Read())
        {
            switch (reader.Field)
            {
                case 1:
                    model.ReadPiece(reader.Bytes());
                    break;
                case 2:
                    model.ReadTrainer(reader.Bytes());
                    break;
                case 3:
                    model.ReadNormalizer(reader.Bytes());
                    break;
            }
        }

        model.CheckComplete();
        return model;
    }

    private void ReadPiece(ReadOnlySpan<byte> message)
    {
        var path = $"pieces[{_pieces.Count}]";
        var (text, score, type) = ("", 0f, (long)SentencePieceType.Normal);
        var reader = new ProtobufReader(_file, path, message);
        while (reader.Read())
        {
            switch (reader.Field)
            {
                case 1:
                    text = ReadText(reader.Bytes(), path);
                    break;
                case 2:
                    score = reader.Float();
                    break;
                case 3:
                    type = reader.Integer();
                    break;
            }
        }

        if (text.Length == 0)
            throw new TokenizerFormatException(_file, $"{path}.piece", "expected a text that is not empty");
        if (float.IsNaN(score))
            throw new TokenizerFormatException(_file, $"{path}.score", "expected a number, got NaN");
        if (type is < (long)SentencePieceType.Normal or > (long)SentencePieceType.Byte)
            throw new TokenizerFormatException(_file, $"{path}.type", $"expected 1 to 6, got {type}");
        _pieces.Add(new SentencePiece(text, score, (SentencePieceType)type));
    }

    private string ReadText(ReadOnlySpan<byte> utf8, string path)
    {
        try
        {
            return StrictUtf8.GetString(utf8);
        }
        catch (DecoderFallbackException exception)
        {
            throw new TokenizerFormatException(_file, $"{path}.piece", "expected valid UTF-8, got other bytes", exception);
        }
    }

    private void ReadTrainer(ReadOnlySpan<byte> message)
    {
        _sawTrainer = true;
        var (modelType, byteFallback) = (1L, 0L); // the format's defaults: Unigram, none
        var reader = new ProtobufReader(_file, "trainer_spec", message);
        while (reader.Read())
        {
            if (reader.Field == 3)
                modelType = reader.Integer();
            else if (reader.Field == 35)
                byteFallback = reader.Integer();
        }

        if (modelType != Bpe)
            throw new TokenizerFormatException(_file, "trainer_spec.model_type", $"expected {Bpe} (BPE), got {modelType}");
        if (byteFallback == 0)
            throw new TokenizerFormatException(_file, "trainer_spec.byte_fallback", "expected true, got false");
    }

    private void ReadNormalizer(ReadOnlySpan<byte> message)
    {
        _sawNormalizer = true;
        var (addDummyPrefix, removeExtraWhitespaces, escapeWhitespaces) = (1L, 1L, 1L); // the format's defaults
        var reader = new ProtobufReader(_file, "normalizer_spec", message);
        while (reader.Read())
        {
            switch (reader.Field)
            {
                case 2 when !reader.Bytes().IsEmpty:
                    throw new TokenizerFormatException(_file, "normalizer_spec.precompiled_charsmap", "expected none: this tokenizer changes no characters");
                case 3:
                    addDummyPrefix = reader.Integer();
                    break;
                case 4:
                    removeExtraWhitespaces = reader.Integer();
                    break;
                case 5:
                    escapeWhitespaces = reader.Integer();
                    break;
            }
        }

        Demand("normalizer_spec.add_dummy_prefix", addDummyPrefix != 0, expected: false);
        Demand("normalizer_spec.remove_extra_whitespaces", removeExtraWhitespaces != 0, expected: false);
        Demand("normalizer_spec.escape_whitespaces", escapeWhitespaces != 0, expected: true);
    }

    private void Demand(string field, bool actual, bool expected)
    {
        if (actual != expected)
            throw new TokenizerFormatException(_file, field, $"expected {(expected ? "true" : "false")}, got {(actual ? "true" : "false")}");
    }

    private void CheckComplete()
    {
        if (_pieces.Count == 0)
            throw new TokenizerFormatException(_file, "pieces", "expected a vocabulary, it is missing");
        if (!_sawTrainer)
            throw new TokenizerFormatException(_file, "trainer_spec", "expected a value, it is missing");
        if (!_sawNormalizer)
            throw new TokenizerFormatException(_file, "normalizer_spec", "expected a value, it is missing");
    }
}
