package desk

import "strings"

// cancelled are the fixed words of a Cancel; %s is the event.
type cancelled struct{ headline, description string }

// cancelledIn gives the words for a language tag (RFC 3066), English where the language is not known.
func cancelledIn(language string) cancelled {
	base, _, _ := strings.Cut(strings.ToLower(language), "-")
	switch base {
	case "ar":
		return cancelled{"أُلغي: %s", "أُلغي هذا التحذير: %s."}
	case "cs":
		return cancelled{"Zrušeno: %s", "Tato výstraha byla zrušena: %s."}
	case "da":
		return cancelled{"Afblæst: %s", "Denne advarsel er afblæst: %s."}
	case "de":
		return cancelled{"Aufgehoben: %s", "Diese Warnung ist aufgehoben: %s."}
	case "es":
		return cancelled{"Cancelado: %s", "Se ha cancelado este aviso: %s."}
	case "fi":
		return cancelled{"Peruttu: %s", "Tämä varoitus on peruttu: %s."}
	case "fr":
		return cancelled{"Annulé : %s", "Cette alerte est annulée : %s."}
	case "it":
		return cancelled{"Annullato: %s", "Questa allerta è stata annullata: %s."}
	case "ja":
		return cancelled{"解除：%s", "この警報は解除されました：%s。"}
	case "ko":
		return cancelled{"해제: %s", "이 경보는 해제되었습니다: %s."}
	case "nb", "nn", "no":
		return cancelled{"Avlyst: %s", "Dette varselet er avlyst: %s."}
	case "nl":
		return cancelled{"Ingetrokken: %s", "Deze waarschuwing is ingetrokken: %s."}
	case "pl":
		return cancelled{"Odwołano: %s", "To ostrzeżenie zostało odwołane: %s."}
	case "pt":
		return cancelled{"Cancelado: %s", "Este aviso foi cancelado: %s."}
	case "ru":
		return cancelled{"Отменено: %s", "Это предупреждение отменено: %s."}
	case "sv":
		return cancelled{"Inställt: %s", "Den här varningen är inställd: %s."}
	case "tr":
		return cancelled{"İptal edildi: %s", "Bu uyarı iptal edildi: %s."}
	case "uk":
		return cancelled{"Скасовано: %s", "Це попередження скасовано: %s."}
	case "zh":
		return cancelled{"已解除：%s", "本预警已解除：%s。"}
	}
	return cancelled{"Cancelled: %s", "This warning has been cancelled: %s."}
}
