using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using T5GemmaSharp.Tokenization;

namespace T5GemmaSharp.Training.Teachers;

/// <summary>By what a tokenizer's ids are known again.</summary>
internal static class VocabularyHash
{
    /// <summary>SHA-256 over the tokens in the order of their ids, in hexadecimal digits.</summary>
    public static string Of(T5GemmaTokenizer tokenizer)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (var id = 0; id < tokenizer.VocabularySize; id++)
        {
            var token = Encoding.UTF8.GetBytes(tokenizer.IdToToken(id) ?? "");
            hash.AppendData(MemoryMarshal.AsBytes<int>([token.Length]));
            hash.AppendData(token);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
